// Above the note: how far one is, whether all is saved, how long it took, and the ways out.
import { Button, Menu, Progress } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Icon } from "../parts/Icon";
import { duration } from "../parts/words";
import { useGiveBack, type Review } from "./calls";
import type { Saving } from "./saver";
import { unjudged } from "./editor";
import { WHY } from "./why";
import type { Desk } from "./useDesk";
import css from "./review.module.css";

export function DeskHead({ review, desk, submit }: { review: Review; desk: Desk; submit: () => void }) {
  const all = desk.editor.draft.entities.length;
  const done = all - unjudged(desk.editor).length;
  return (
    <header className={css.head}>
      <div className={css.about}>
        <span className={css.why}>{WHY[review.why]?.name ?? review.why}</span>
        {review.suggestion === null && <span className={css.why} data-blind>blind: mark what you find, no suggestions are shown</span>}
      </div>
      <div className={css.progress}>
        <Progress value={all ? (100 * done) / all : 100} size={6} className={css.bar} aria-label="judged" />
        <span className="numbers">{done} of {all} judged</span>
      </div>
      <SavedMark saving={desk.saving} />
      <Clock desk={desk} />
      <div className={css.ways}>
        <WaysOut noteId={review.note_id} desk={desk} />
        <Button size="compact-md" onClick={submit}>Submit and next</Button>
      </div>
    </header>
  );
}

const SAYS: Record<Saving, string> = {
  saved: "Saved",
  saving: "Saving …",
  away: "Not connected: kept on this computer",
  conflict: "Not saved",
};

function SavedMark({ saving }: { saving: Saving }) {
  return <span className={css.saved} data-saving={saving} role="status">{saving === "away" || saving === "conflict" ? <Icon name="warning" size={14} /> : <Icon name="ok" size={14} />}{SAYS[saving]}</span>;
}

function Clock({ desk }: { desk: Desk }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  const idle = desk.idle();
  return <span className={`${css.clock} numbers`} title={idle ? "The clock stands: nothing was done for 30 s." : "Active time on this note"}>{duration(Math.floor(desk.seconds()))}{idle && <Icon name="pause" size={12} />}</span>;
}

function WaysOut({ noteId, desk }: { noteId: string; desk: Desk }) {
  const navigate = useNavigate();
  const giveBack = useGiveBack(noteId);
  const leave = async (how: "keep" | "release" | "skip") => {
    await desk.settle();
    if (how !== "keep") await giveBack.mutateAsync(how);
    await navigate({ to: "/review" });
  };
  return (
    <Menu position="bottom-end" shadow="md" width={280}>
      <Menu.Target><Button variant="default" size="compact-md">Leave</Button></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void leave("keep")}>Go on later: it stays in your hands</Menu.Item>
        <Menu.Item onClick={() => void leave("release")}>Give it back to the queue</Menu.Item>
        <Menu.Item onClick={() => void leave("skip")}>Put it off, behind all others</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

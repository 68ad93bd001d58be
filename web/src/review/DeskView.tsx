// The review page at work: note, entities, keys; everything can be done without a mouse.
import { Tooltip } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { showKeys, usePageKeys } from "../app/Keys";
import { NoteText, type Mark } from "../note/NoteText";
import { outline } from "../note/outline";
import { DISEASE } from "../note/values";
import type { Span } from "../note/words";
import { useNext, useSubmit, type Review } from "./calls";
import { CodePicker } from "./CodePicker";
import { Conflict } from "./Conflict";
import { DeskHead } from "./DeskHead";
import * as E from "./editor";
import { EntityList } from "./EntityList";
import { HandIn } from "./HandIn";
import { HELP, type Wish } from "./keys";
import { ModeLine } from "./ModeLine";
import { saySubmitted, useReopen } from "./reopening";
import { submitted } from "./submitted";
import { submission } from "./summary";
import { useDesk, type Desk } from "./useDesk";
import { useKeys } from "./useKeys";
import css from "./review.module.css";

export function DeskView({ review, by, reload }: { review: Review; by: string; reload: () => void }) {
  usePageKeys(HELP);
  const desk = useDesk(review, by);
  const { editor, change } = desk;
  const [found, setFound] = useState<Span | null>(null); // what is looked for while an entity is added
  const marked = useRef<Span | null>(null); // what the mouse has selected
  const reopen = useReopen();
  const handing = useHandIn(review, by, desk);

  const useSelection = (type: string | undefined) => {
    const span = window.getSelection()?.isCollapsed === false ? marked.current : null;
    window.getSelection()?.removeAllRanges();
    if (span) change((e) => E.add(e, span, type ?? DISEASE));
    else change((e) => (type ? E.retype(e, type) : E.startAdding(e)));
  };
  const again = () => {
    const noteId = submitted.last(by);
    if (!noteId) change((e) => ({ ...e, said: "You have submitted nothing since the app was opened: see the queue." }));
    else if (!reopen.isPending) reopen.mutate(noteId);
  };
  const grant = (asked: Wish) => {
    if ("change" in asked) change(asked.change);
    else if (asked.page === "help") showKeys();
    else if (asked.page === "submit") handing.ask();
    else if (asked.page === "reopen") again();
    else useSelection(asked.type);
  };
  useKeys(editor.mode.kind, grant);

  const pick = useCallback((id: string | null) => id && change((e) => (e.mode.kind === "link" ? E.toggleLink(e, id) : E.select(e, id))), [change]);
  const selectText = useCallback(
    (span: Span | null) => {
      marked.current = span;
      change((e) => {
        if (!span || e.mode.kind !== "add") return e;
        window.getSelection()?.removeAllRanges();
        return E.add(e, span, e.mode.type);
      });
    },
    [change],
  );
  const { draft } = editor;
  const target = linkTarget(editor);
  const marks = useMemo(() => marksOf(draft, target, found), [draft, target, found]);
  return (
    <div className={css.desk}>
      <DeskHead review={review} desk={desk} submit={handing.ask} />
      {desk.saving === "conflict" && <Conflict reload={reload} />}
      <Outline editor={editor} />
      <div className={css.note}>
        <NoteText label="the note" points={editor.points} marks={marks} cues={E.entity(editor, editor.selected)?.triggers} selected={editor.selected} inView={found ? "found" : (target ?? editor.selected)} onPick={pick} onSelectText={selectText} />
      </div>
      <EntityList editor={editor} change={change} pick={pick} blind={review.suggestion === null} />
      <ModeLine editor={editor} change={change} find={setFound} />
      {editor.mode.kind === "code" && <CodePicker editor={editor} change={change} />}
      {handing.asked && <HandIn editor={editor} seconds={desk.seconds()} busy={handing.busy} run={handing.run} close={handing.close} />}
    </div>
  );
}

const linkTarget = (editor: E.Editor): string | null => (editor.mode.kind === "link" ? editor.mode.target : null);

function marksOf(draft: E.Draft, target: string | null, found: Span | null): Mark[] {
  const marks: Mark[] = draft.entities.map((e) => ({
    id: e.id,
    start: e.start,
    end: e.end,
    type: e.type,
    assertion: e.assertion,
    look: e.id === target ? "target" : E.isKept(draft, e.id) ? undefined : "rejected",
  }));
  return found ? [...marks, { ...found, id: "found", type: "", assertion: null, look: "target" }] : marks;
}

/** Submitting: what is not judged comes first, then the summary, then the next note. */
function useHandIn(review: Review, by: string, desk: Desk) {
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const submit = useSubmit(review.note_id);
  const next = useNext();
  const reopen = useReopen();
  const navigate = useNavigate();
  const ask = () => {
    const open = E.unjudged(desk.editor).length;
    if (open) desk.change((e) => ({ ...E.goToUnjudged(E.leaveMode(e)), said: `${open} not judged yet: each is judged before the note is submitted.` }));
    else setAsked(true);
  };
  const run = async () => {
    setBusy(true);
    try {
      const version = await desk.settle();
      if (version === null) throw new Error("not saved");
      await submit.mutateAsync({ draft: submission(desk.editor.draft), version, active_s: desk.seconds() });
      desk.done();
      submitted.add(by, review.note_id);
      const noteId = await next.mutateAsync();
      saySubmitted(noteId !== null, () => reopen.mutate(review.note_id));
      (document.activeElement as HTMLElement | null)?.blur();
      await navigate(noteId ? { to: "/review/$noteId", params: { noteId }, replace: true } : { to: "/review", replace: true });
    } catch {
      if (desk.saving !== "saved") desk.change((e) => ({ ...e, said: "Not submitted: the draft could not be saved. It is kept here." }));
    } finally {
      setAsked(false);
      setBusy(false);
    }
  };
  return { asked, busy, ask, run, close: () => setAsked(false) };
}

function Outline({ editor }: { editor: E.Editor }) {
  const headings = useMemo(() => outline(editor.points), [editor.points]);
  const go = (start: number) => {
    const pieces = [...document.querySelectorAll<HTMLElement>("[data-start]")];
    pieces.findLast((piece) => Number(piece.dataset.start) <= start)?.scrollIntoView({ block: "start", behavior: "smooth" });
  };
  return (
    <nav className={css.outline} aria-label="sections of the note">
      {headings.map((heading) => (
        <Tooltip key={heading.start} label={heading.title} disabled={heading.title.length < 20}>
          <button type="button" onClick={() => go(heading.start)} tabIndex={-1}>{heading.title}</button>
        </Tooltip>
      ))}
    </nav>
  );
}

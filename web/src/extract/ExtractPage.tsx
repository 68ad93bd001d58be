// Paste a note, see what is in it, take it away as a table.
import { Button, Textarea } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useState, type DragEvent } from "react";
import { usePageKeys } from "../app/Keys";
import { EntityCard } from "../note/EntityCard";
import { Legend } from "../note/Legend";
import { NoteText } from "../note/NoteText";
import { Card, Empty, Page } from "../parts/Page";
import { sayProblem } from "../parts/say";
import { Problem } from "../api/client";
import { EXAMPLES } from "./examples";
import { Found } from "./Found";
import { setText, useNote, useRead, type Reading } from "./reading";
import css from "./extract.module.css";

const KEYS = [
  ["Ctrl+Enter", "read the note"],
  ["↓ ↑", "next, previous entity"],
  ["Esc", "select nothing"],
] as const;

export function ExtractPage() {
  usePageKeys(KEYS);
  const { text, reading } = useNote();
  const [selected, setSelected] = useState<string | null>(null);
  const read = useRead();
  const run = (given: string) => {
    setSelected(null);
    if (given.trim()) read.mutate(given);
  };
  const go = (direction: 1 | -1) => {
    const all = reading?.entities ?? [];
    const at = all.findIndex((e) => e.id === selected);
    setSelected(all[at < 0 ? (direction > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + direction, 0), all.length - 1)]?.id ?? null);
  };
  useHotkeys([["ArrowDown", () => go(1)], ["ArrowUp", () => go(-1)], ["Escape", () => setSelected(null)]]);
  return (
    <Page wide title="Extract" about="Diseases with their status and code, and the treatments given for them. Nothing is stored unless you send it to review.">
      <div className={css.columns}>
        {reading ? (
          <ReadNote reading={reading} selected={selected} select={setSelected} again={() => setText(text)} />
        ) : (
          <GiveNote text={text} busy={read.isPending} run={run} />
        )}
        <Card title="Found" flush>
          {reading ? (
            <Found reading={reading} text={text} selected={selected} select={setSelected} />
          ) : (
            <Empty title="What is in the note will be here." icon="extract">Each disease once, with its status, its code and what is done about it.</Empty>
          )}
        </Card>
      </div>
    </Page>
  );
}

function GiveNote({ text: before, busy, run }: { text: string; busy: boolean; run: (text: string) => void }) {
  const [over, setOver] = useState(false);
  // The field has its own copy, which follows each key at once; the kept one comes after.
  const [text, setOwn] = useState(before);
  const give = (given: string) => {
    setOwn(given);
    setText(given);
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    const given = file ? await textOf(file) : event.dataTransfer.getData("text");
    if (!given) return;
    give(given);
    run(given);
  };
  const examples = EXAMPLES.map((example) => (
    <Button key={example.name} variant="subtle" size="compact-sm" onClick={() => { give(example.text); run(example.text); }}>{example.name}</Button>
  ));
  return (
    <Card title="Note" actions={<><span className="muted">Try</span>{examples}</>}>
      <div className={css.drop} data-over={over || undefined} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={(e) => void drop(e)}>
        <Textarea
          aria-label="note"
          placeholder="Paste a note, or drop a text file here"
          value={text}
          onChange={(e) => give(e.currentTarget.value)}
          onKeyDown={(e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) run(text); }}
          autosize minRows={16} maxRows={28} autoFocus spellCheck={false}
        />
      </div>
      <div className={css.foot}>
        <span className="muted"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span>
        <Button onClick={() => run(text)} loading={busy} disabled={!text.trim()}>Read the note</Button>
      </div>
    </Card>
  );
}

async function textOf(file: File): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    sayProblem(new Problem("This file is not text in UTF-8.", 415, "not_text", ["Save it as plain text in UTF-8 and drop it again."]));
    return "";
  }
}

function ReadNote({ reading, selected, select, again }: { reading: Reading; selected: string | null; select: (id: string | null) => void; again: () => void }) {
  const [hovered, setHovered] = useState<string | null>(null);
  const shown = reading.entities.find((e) => e.id === (hovered ?? selected));
  return (
    <Card title="Note" actions={<><Button variant="default" size="compact-sm" onClick={again}>Edit</Button><Button variant="default" size="compact-sm" onClick={() => setText("")}>New note</Button></>}>
      <div className={css.text}>
        <NoteText label="the note" points={reading.points} marks={reading.entities} cues={shown?.triggers} selected={selected} onPick={select} onHover={setHovered} />
      </div>
      <div className={css.foot}><Legend /></div>
      {shown && <EntityCard points={reading.points} entity={shown} entities={reading.entities} relations={reading.relations} />}
    </Card>
  );
}

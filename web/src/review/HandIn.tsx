// The summary before a note is handed in: what changed against the suggestion.
import { Button, Group, Modal } from "@mantine/core";
import { useEffect } from "react";
import { duration, plural } from "../parts/words";
import { kept, links, type Editor } from "./editor";
import { summary, type Summary } from "./summary";
import css from "./review.module.css";

const LINES: readonly (readonly [keyof Summary, string])[] = [
  ["accepted", "accepted as suggested"],
  ["rejected", "rejected"],
  ["added", "added"],
  ["retyped", "with another type"],
  ["rebounded", "with other boundaries"],
  ["restatused", "with another status"],
  ["recoded", "with another code"],
  ["linked", "links made"],
  ["unlinked", "links taken away"],
];

interface Props {
  editor: Editor;
  seconds: number;
  busy: boolean;
  run: () => void;
  close: () => void;
}

export function HandIn({ editor, seconds, busy, run, close }: Props) {
  const facts = summary(editor);
  useEffect(() => {
    // The button has the focus a moment after the dialog is there, and a fast hand is faster; a key held down is no wish.
    const pressed = (event: KeyboardEvent) => {
      const held = event.ctrlKey || event.metaKey;
      const elsewhere = event.target instanceof Element && event.target.closest("[role=dialog] button:not([data-autofocus])");
      if (event.key !== "Enter" || event.repeat || busy || (elsewhere && !held)) return;
      event.preventDefault();
      event.stopPropagation();
      run();
    };
    window.addEventListener("keydown", pressed, true);
    return () => window.removeEventListener("keydown", pressed, true);
  }, [busy, run]);
  return (
    <Modal opened onClose={close} title="Submit this note" size="md" transitionProps={{ duration: 0 }}>
      <p className={css.sum}>{plural(kept(editor.draft).length, "entity", "entities")}, {plural(links(editor.draft).length, "link")}, in {duration(seconds)}.</p>
      <ul className={css.changes}>
        {LINES.filter(([key]) => facts[key] > 0).map(([key, says]) => <li key={key}><b className="numbers">{facts[key]}</b> {says}</li>)}
      </ul>
      <Group justify="space-between" mt="md" wrap="nowrap">
        <span className="muted"><kbd>Enter</kbd> submits, <kbd>Esc</kbd> goes back</span>
        <Button data-autofocus onClick={run} loading={busy}>Submit and next</Button>
      </Group>
    </Modal>
  );
}

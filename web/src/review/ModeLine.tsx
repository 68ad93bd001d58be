// The line under the note, always there: the keys, or what is being done, or why the last key did nothing.
import { TextInput } from "@mantine/core";
import { useEffect, useMemo, useState } from "react";
import { KeyCaps } from "../app/Keys";
import { relationName, typeName } from "../note/values";
import type { Span } from "../note/words";
import { add, entity, leaveMode, type Editor } from "./editor";
import { occurrences } from "./finding";
import css from "./review.module.css";

const LINE: readonly (readonly [string, string])[] = [
  ["Enter", "accept"],
  ["x", "reject"],
  ["j k", "go"],
  ["g", "not judged"],
  ["d t", "type"],
  ["1 … 6", "status"],
  ["[ ]", "edges"],
  ["n", "new"],
  ["c", "code"],
  ["l", "link"],
  ["z", "undo"],
  ["Ctrl+Enter", "submit"],
  ["?", "all"],
];

interface Props {
  editor: Editor;
  change: (make: (editor: Editor) => Editor) => void;
  find: (span: Span | null) => void;
}

export function ModeLine({ editor, change, find }: Props) {
  const { mode } = editor;
  return (
    <footer className={css.line} data-mode={mode.kind}>
      {mode.kind === "add" ? (
        <Adding editor={editor} type={mode.type} change={change} find={find} />
      ) : mode.kind === "link" ? (
        <span>
          Link <b>{entity(editor, mode.from)?.text}</b>: {relationName(mode.type)} … <b>{entity(editor, mode.target)?.text}</b>
          <span className="muted"> — <KeyCaps keys="↓ ↑" /> choose <KeyCaps keys="1 2 3" /> treats, prevents, causes <KeyCaps keys="Enter" /> link <KeyCaps keys="Esc" /> leave</span>
        </span>
      ) : (
        LINE.map(([keys, does]) => <span key={keys} className={css.key}><KeyCaps keys={keys} />{does}</span>)
      )}
      {editor.said && <span className={css.said} role="status">{editor.said}</span>}
    </footer>
  );
}

function Adding({ editor, type, change, find }: Props & { type: string }) {
  const [sought, setSought] = useState("");
  const [at, setAt] = useState(0);
  const places = useMemo(() => occurrences(editor, sought), [editor, sought]);
  const place = places[at % Math.max(places.length, 1)] ?? null;
  useEffect(() => find(place), [place, find]);
  useEffect(() => () => find(null), [find]);
  const go = (by: number) => setAt((i) => (i + by + places.length) % Math.max(places.length, 1));
  return (
    <>
      <span>New {typeName(type)}: select its words, or type them</span>
      <TextInput
        size="xs" w={224} autoFocus aria-label="words of the new entity" value={sought}
        onChange={(e) => { setSought(e.currentTarget.value); setAt(0); }}
        onKeyDown={(e) => {
          if (e.key === "Enter" && !e.ctrlKey) {
            e.preventDefault(); // a field never submits
            if (place) change((editor) => add(editor, place, type));
          } else if (e.key === "ArrowDown" || e.key === "ArrowUp") {
            e.preventDefault();
            go(e.key === "ArrowDown" ? 1 : -1);
          } else if (e.key === "Escape") {
            e.preventDefault();
            e.stopPropagation();
            change(leaveMode);
          }
        }}
      />
      <span className="muted numbers">{sought.trim() ? (places.length ? `${(at % places.length) + 1} of ${places.length}` : "not in the note, or marked already") : ""}</span>
      <span className="muted"><KeyCaps keys="↓ ↑" /> other places <KeyCaps keys="Enter" /> mark it <KeyCaps keys="Esc" /> leave</span>
    </>
  );
}

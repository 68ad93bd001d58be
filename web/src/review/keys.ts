// The keys of the review screen: one table, from which the keyboard is read, the line of keys and the help are drawn.
import { DISEASE, RELATIONS, STATUSES, TREATMENT } from "../note/values";
import * as E from "./editor";

/** What a key asks for: a change of the editor, or something that the page does. */
export type Wish = { change: (editor: E.Editor) => E.Editor } | { page: "submit" | "help" | "reopen" | "selection"; type?: string };

export interface Press {
  key: string;
  code: string;
  ctrl: boolean;
  shift: boolean;
  alt: boolean;
}

const change = (make: (editor: E.Editor) => E.Editor): Wish => ({ change: make });

/** With Shift, since it leaves the note: no slip beside t or d does that. */
export const REOPEN = "Shift+r";

const PLAIN: Record<string, Wish> = {
  ArrowDown: change((e) => E.step(e, 1)),
  j: change((e) => E.step(e, 1)),
  ArrowUp: change((e) => E.step(e, -1)),
  k: change((e) => E.step(e, -1)),
  Enter: change(E.accept),
  a: change(E.accept),
  x: change(E.reject),
  d: { page: "selection", type: DISEASE },
  t: { page: "selection", type: TREATMENT },
  n: { page: "selection" },
  c: change((e) => (E.entity(e, e.selected) ? { ...e, mode: { kind: "code" }, said: null } : { ...e, said: "Nothing is selected." })),
  l: change(E.startLinking),
  z: change(E.undo),
  g: change(E.goToUnjudged),
  "?": { page: "help" },
  ...Object.fromEntries(STATUSES.map((status, i) => [String(i + 1), change((e) => E.restatus(e, status))])),
};

const LINKING: Record<string, Wish> = {
  ArrowDown: PLAIN.ArrowDown!,
  j: PLAIN.j!,
  ArrowUp: PLAIN.ArrowUp!,
  k: PLAIN.k!,
  Enter: change((e) => (e.mode.kind === "link" ? E.toggleLink(e, e.mode.target) : e)),
  l: change((e) => (e.mode.kind === "link" ? E.linkAs(e, RELATIONS[(RELATIONS.indexOf(e.mode.type) + 1) % RELATIONS.length]!) : e)),
  ...Object.fromEntries(RELATIONS.map((type, i) => [String(i + 1), change((e) => E.linkAs(e, type))])),
  "?": PLAIN["?"]!,
};

const BRACKETS: Record<string, "start" | "end"> = { "[": "start", "{": "start", "]": "end", "}": "end" };
const BRACKET_CODES: Record<string, "start" | "end"> = { BracketLeft: "start", BracketRight: "end" };

/** What a press of a key asks for; null where it means nothing here and is left to the browser. */
export function wish(press: Press, mode: E.Mode["kind"]): Wish | null {
  if (press.ctrl && press.key === "Enter") return { page: "submit" };
  if (press.key === "Escape" && mode !== "read") return change(E.leaveMode);
  // Keyboards that write a bracket with AltGr report Ctrl and Alt with it: the character itself is what counts.
  const edge = BRACKETS[press.key] ?? (press.ctrl ? undefined : press.alt || press.shift ? BRACKET_CODES[press.code] : undefined);
  if (edge && mode === "read") {
    const outward = edge === "start" ? -1 : 1;
    const back = press.alt && !press.ctrl;
    const by = press.shift || press.key === "{" || press.key === "}" ? "character" : "word";
    return change((e) => E.move(e, { edge, direction: back ? (-outward as 1 | -1) : outward, by }));
  }
  if (press.ctrl || press.alt) return null;
  if (mode === "link") return LINKING[press.key] ?? null;
  if (mode === "code") return null;
  if (press.shift && press.key.toLowerCase() === "z") return change(E.redo);
  if (press.shift && press.key.toLowerCase() === "r" && mode === "read") return { page: "reopen" };
  return PLAIN[press.key] ?? null;
}

/** For the line under the note and for the help: what to press, what it does. */
export const HELP: readonly (readonly [keys: string, does: string])[] = [
  ["↓ ↑ or j k", "next, previous entity"],
  ["Enter or a", "accept and go on"],
  ["x", "reject, or take that back"],
  ["d t", "make it a disease, a treatment"],
  ["1 … 6", STATUSES.join(", ")],
  ["[ ]", "start, end further out by a word; with Shift by a character; with Alt back in"],
  ["n", "new entity: select text, or type what to find"],
  ["c", "choose a code"],
  ["l", "link treatment and disease: arrows choose, 1 2 3 treats, prevents, causes, Enter links"],
  ["z Shift+z", "undo, redo"],
  ["g", "go to the next not yet judged"],
  ["Ctrl+Enter", "submit and next"],
  [REOPEN, "reopen the note that you submitted last"],
  ["Esc", "leave what was begun"],
];

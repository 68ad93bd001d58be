// The review editor as values: what is drafted, what is selected, what can be undone. No browser, no network.
//
// Every function gives a new editor and leaves the old one alone; what cannot be done changes nothing but `said`.
import { Points } from "../note/points";
import { DISEASE, TREATMENT, inOrder, type Code, type Entity, type Relation, type RelationType, type Status } from "../note/values";
import { nextEnd, nextStart, trimmed, words, type Span } from "../note/words";

export type Judgement = "accepted" | "rejected" | "edited" | "added";

export interface Draft {
  entities: Entity[]; // in reading order, the rejected ones among them
  relations: Relation[];
  judged: Record<string, Judgement>;
}

export type Mode =
  | { kind: "read" }
  | { kind: "add"; type: string }
  | { kind: "code" }
  | { kind: "link"; from: string; type: RelationType; target: string | null };

interface Step {
  draft: Draft;
  selected: string | null;
}

export interface Editor {
  points: Points;
  words: readonly Span[];
  suggested: ReadonlyMap<string, Entity>;
  suggestedRelations: readonly Relation[];
  draft: Draft;
  selected: string | null;
  mode: Mode;
  past: readonly Step[];
  future: readonly Step[];
  /** Why the last key did nothing; null where it did something. */
  said: string | null;
}

export type Move = { edge: "start" | "end"; direction: 1 | -1; by: "word" | "character" };

type Suggestion = Pick<Draft, "entities" | "relations">;

const READ: Mode = { kind: "read" };
const STEPS = 500; // that can be undone

/** Opens a note: with the draft of last time, else with what the model suggests, else empty. */
export function open(text: string, suggestion: Suggestion | null, draft: Draft | null): Editor {
  const points = new Points(text);
  const start = (draft && withRejected(draft, suggestion)) ?? { entities: suggestion?.entities ?? [], relations: suggestion?.relations ?? [], judged: {} };
  const editor: Editor = {
    points,
    words: words(points),
    suggested: new Map((suggestion?.entities ?? []).map((e) => [e.id, e])),
    suggestedRelations: suggestion?.relations ?? [],
    draft: { ...start, entities: inOrder(start.entities) },
    selected: null,
    mode: READ,
    past: [],
    future: [],
    said: null,
  };
  return select(editor, firstUnjudged(editor) ?? editor.draft.entities[0]?.id ?? null);
}

/** A draft made of what was submitted has nothing of what was rejected: it comes back as rejected, to be taken back. */
function withRejected(draft: Draft, suggestion: Suggestion | null): Draft {
  const there = new Set(draft.entities.map((e) => e.id));
  const out = (suggestion?.entities ?? []).filter((e) => draft.judged[e.id] === "rejected" && !there.has(e.id));
  if (!suggestion || !out.length) return draft;
  const back = new Set(out.map((e) => e.id));
  const joined = suggestion.relations.filter((r) => back.has(r.head) || back.has(r.tail));
  const ends = (r: Relation) => [r.head, r.tail].every((id) => there.has(id) || back.has(id));
  return { ...draft, entities: [...draft.entities, ...out], relations: [...draft.relations, ...joined.filter(ends)] };
}

// Looking ---------------------------------------------------------------------------------------------------------

export const entity = (editor: Editor, id: string | null): Entity | undefined =>
  editor.draft.entities.find((e) => e.id === id);

export const isKept = (draft: Draft, id: string): boolean => draft.judged[id] !== "rejected";

export const kept = (draft: Draft): Entity[] => draft.entities.filter((e) => isKept(draft, e.id));

/** Ids that nobody judged yet, in reading order. */
export const unjudged = (editor: Editor): string[] =>
  editor.draft.entities.filter((e) => !editor.draft.judged[e.id]).map((e) => e.id);

/** Links between entities that are kept. */
export const links = (draft: Draft): Relation[] =>
  draft.relations.filter((r) => isKept(draft, r.head) && isKept(draft, r.tail));

const firstUnjudged = (editor: Editor): string | undefined => unjudged(editor)[0];

/** The next entity after the selected one that nobody judged; round to the first when the end is reached. */
function nextUnjudged(editor: Editor): string | undefined {
  const open = new Set(unjudged(editor));
  const at = editor.draft.entities.findIndex((e) => e.id === editor.selected);
  const around = [...editor.draft.entities.slice(at + 1), ...editor.draft.entities.slice(0, Math.max(0, at))];
  return around.find((e) => open.has(e.id))?.id;
}

// Going about -----------------------------------------------------------------------------------------------------

export const select = (editor: Editor, id: string | null): Editor => ({ ...editor, selected: id, said: null });

/** Goes to the next (1) or previous (-1) entity; in link mode to the next one that can be linked. */
export function step(editor: Editor, direction: 1 | -1): Editor {
  if (editor.mode.kind === "link") {
    const { mode } = editor;
    const all = targets(editor, mode.from);
    const at = all.findIndex((e) => e.id === mode.target);
    const target = all[Math.min(Math.max(at + direction, 0), all.length - 1)]?.id ?? null;
    return { ...editor, mode: { ...mode, target }, said: null };
  }
  const all = editor.draft.entities;
  const at = all.findIndex((e) => e.id === editor.selected);
  const to = at < 0 ? (direction > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + direction, 0), all.length - 1);
  return select(editor, all[to]?.id ?? null);
}

export function goToUnjudged(editor: Editor): Editor {
  const id = nextUnjudged(editor);
  if (id) return select(editor, id);
  const here = firstUnjudged(editor);
  return here ? select(editor, here) : refuse(editor, "Everything is judged: Ctrl+Enter submits.");
}

export const leaveMode = (editor: Editor): Editor => ({ ...editor, mode: READ, said: null });

const refuse = (editor: Editor, said: string): Editor => ({ ...editor, said });

// Changing --------------------------------------------------------------------------------------------------------

function change(editor: Editor, draft: Draft, selected = editor.selected): Editor {
  const past = [...editor.past, { draft: editor.draft, selected: editor.selected }].slice(-STEPS);
  return { ...editor, draft, selected, past, future: [], said: null };
}

export function undo(editor: Editor): Editor {
  const last = editor.past.at(-1);
  if (!last) return refuse(editor, "Nothing to undo.");
  const future = [...editor.future, { draft: editor.draft, selected: editor.selected }];
  return { ...editor, ...last, past: editor.past.slice(0, -1), future, mode: READ, said: null };
}

export function redo(editor: Editor): Editor {
  const next = editor.future.at(-1);
  if (!next) return refuse(editor, "Nothing to redo.");
  const past = [...editor.past, { draft: editor.draft, selected: editor.selected }];
  return { ...editor, ...next, past, future: editor.future.slice(0, -1), mode: READ, said: null };
}

/** Says that the selected entity is right as it stands, and goes on to the next that is not judged. */
export function accept(editor: Editor): Editor {
  const one = entity(editor, editor.selected);
  if (!one) return refuse(editor, "Nothing is selected.");
  const judged = { ...editor.draft.judged, [one.id]: judgement(editor, one) };
  const done = judged[one.id] === editor.draft.judged[one.id] ? editor : change(editor, { ...editor.draft, judged });
  return select(done, nextUnjudged(done) ?? one.id);
}

/** Rejects what was suggested, takes a rejection back, or removes what was added. */
export function reject(editor: Editor): Editor {
  const one = entity(editor, editor.selected);
  if (!one) return refuse(editor, "Nothing is selected.");
  const { draft } = editor;
  if (!editor.suggested.has(one.id)) return remove(editor, one.id);
  if (!isKept(draft, one.id)) {
    const over = overlapping(draft, one, one.id)[0];
    if (over) return refuse(editor, "Another entity stands there now: entities never overlap.");
    return change(editor, { ...draft, judged: { ...draft.judged, [one.id]: judgement(editor, one) } });
  }
  const done = change(editor, { ...draft, judged: { ...draft.judged, [one.id]: "rejected" } });
  return select(done, nextUnjudged(done) ?? one.id);
}

function remove(editor: Editor, id: string): Editor {
  const { draft } = editor;
  const at = draft.entities.findIndex((e) => e.id === id);
  const entities = draft.entities.filter((e) => e.id !== id);
  const { [id]: _, ...judged } = draft.judged;
  const relations = draft.relations.filter((r) => r.head !== id && r.tail !== id);
  return change(editor, { entities, relations, judged }, entities[Math.min(at, entities.length - 1)]?.id ?? null);
}

/** Makes the selected entity a disease or a treatment; links and codes that no longer fit go. */
export function retype(editor: Editor, type: string): Editor {
  return edit(editor, (one) => {
    if (one.type === type) return one;
    const suggested = editor.suggested.get(one.id);
    return { ...one, type, codes: suggested?.type === type ? suggested.codes : [] };
  });
}

export function restatus(editor: Editor, assertion: Status): Editor {
  return edit(editor, (one) => {
    if (one.assertion === assertion) return one;
    // The words that gave one status say nothing of another.
    const suggested = editor.suggested.get(one.id);
    return { ...one, assertion, triggers: suggested?.assertion === assertion ? suggested.triggers : [] };
  });
}

export const recode = (editor: Editor, code: Code | null): Editor =>
  leaveMode(edit(editor, (one) => ({ ...one, codes: code ? [code, ...one.codes.filter((c) => c.code !== code.code)] : [] })));

/** Moves an edge of the selected entity; white space is never taken in at an edge, nor another entity run into. */
export function move(editor: Editor, { edge, direction, by }: Move): Editor {
  const one = entity(editor, editor.selected);
  if (!one) return refuse(editor, "Nothing is selected.");
  const from = one[edge];
  const to = by === "character" ? byCharacter(editor.points, edge, from, direction)
    : edge === "start" ? nextStart(editor.words, from, direction) : nextEnd(editor.words, from, direction);
  const span = { start: one.start, end: one.end, [edge]: to };
  if (to === from) return refuse(editor, "The note ends here.");
  if (span.start >= span.end) return refuse(editor, "An entity has at least one character; x rejects it.");
  return rebound(editor, one, span);
}

function byCharacter(points: Points, edge: "start" | "end", from: number, direction: 1 | -1): number {
  const space = (at: number) => /^\s*$/.test(edge === "start" ? points.slice(at, at + 1) : points.slice(at - 1, at));
  for (let at = from + direction; at >= 0 && at <= points.length; at += direction) if (!space(at)) return at;
  return from;
}

function rebound(editor: Editor, one: Entity, span: Span): Editor {
  // What overlapped before, as models may suggest, does not stop a boundary; what would newly overlap does.
  const before = new Set(overlapping(editor.draft, one, one.id).map((e) => e.id));
  const over = overlapping(editor.draft, span, one.id).find((e) => !before.has(e.id));
  if (over) return refuse(editor, "The next entity begins here: entities never overlap.");
  const moved = edit(editor, (e) => ({ ...e, ...span, text: editor.points.slice(span.start, span.end) }));
  return { ...moved, draft: { ...moved.draft, entities: inOrder(moved.draft.entities) } };
}

const overlapping = (draft: Draft, span: Span, except: string | null): Entity[] =>
  kept(draft).filter((e) => e.id !== except && e.start < span.end && span.start < e.end);

/** Changes the selected entity, which is judged by that; a rejected one is taken back first. */
function edit(editor: Editor, make: (one: Entity) => Entity): Editor {
  const one = entity(editor, editor.selected);
  if (!one) return refuse(editor, "Nothing is selected.");
  const made = make(one);
  const { draft } = editor;
  const entities = draft.entities.map((e) => (e.id === one.id ? made : e));
  const types = new Map(entities.map((e) => [e.id, e.type]));
  const fits = (r: Relation) => types.get(r.head) === TREATMENT && types.get(r.tail) === DISEASE;
  const relations = made.type === one.type ? draft.relations : draft.relations.filter(fits);
  return change(editor, { entities, relations, judged: { ...draft.judged, [one.id]: judgement(editor, made) } });
}

/** What it means to leave an entity as it is now. */
function judgement(editor: Editor, one: Entity): Judgement {
  const suggested = editor.suggested.get(one.id);
  if (!suggested) return "added";
  const same = (["start", "end", "type", "assertion"] as const).every((key) => one[key] === suggested[key]);
  return same && one.codes[0]?.code === suggested.codes[0]?.code ? "accepted" : "edited";
}

// Adding ----------------------------------------------------------------------------------------------------------

export const startAdding = (editor: Editor, type: string = DISEASE): Editor => ({ ...editor, mode: { kind: "add", type }, said: null });

/** Makes a span an entity; a span over the selected entity alone moves that one's boundaries instead. */
export function add(editor: Editor, span: Span, type: string): Editor {
  const clean = trimmed(editor.points, span.start, span.end);
  if (!clean) return refuse(editor, "Only white space is selected.");
  const over = overlapping(editor.draft, clean, null);
  const one = over[0];
  if (over.length === 1 && one && one.id === editor.selected) {
    return leaveMode(one.start === clean.start && one.end === clean.end ? retype(editor, type) : rebound(editor, one, clean));
  }
  if (one) return { ...select(editor, one.id), said: "An entity stands there already: it is selected now." };
  const made: Entity = {
    ...clean,
    id: freeId(editor),
    text: editor.points.slice(clean.start, clean.end),
    type,
    score: 1,
    assertion: "present",
    section: null,
    codes: [],
    attributes: {},
    triggers: [],
  };
  const { draft } = editor;
  const entities = inOrder([...draft.entities, made]);
  return leaveMode(change(editor, { ...draft, entities, judged: { ...draft.judged, [made.id]: "added" } }, made.id));
}

function freeId(editor: Editor): string {
  const taken = new Set([...editor.draft.entities.map((e) => e.id), ...editor.suggested.keys()]);
  let number = 1;
  while (taken.has(`n${number}`)) number++;
  return `n${number}`;
}

// Linking ---------------------------------------------------------------------------------------------------------

/** The entities that an entity can be linked to, in reading order. */
export function targets(editor: Editor, from: string): Entity[] {
  const other = entity(editor, from)?.type === TREATMENT ? DISEASE : TREATMENT;
  return kept(editor.draft).filter((e) => e.type === other);
}

/** Begins to link the selected entity, with the nearest other one in view. */
export function startLinking(editor: Editor): Editor {
  const one = entity(editor, editor.selected);
  if (!one || !isKept(editor.draft, one.id)) return refuse(editor, "Select what is to be linked first.");
  const all = targets(editor, one.id);
  if (!all.length) return refuse(editor, `No ${one.type === TREATMENT ? "disease" : "treatment"} to link to.`);
  const far = (e: Entity) => Math.max(e.start - one.end, one.start - e.end);
  const nearest = all.reduce((best, e) => (far(e) < far(best) ? e : best));
  return { ...editor, mode: { kind: "link", from: one.id, type: "TREATS", target: nearest.id }, said: null };
}

export const linkAs = (editor: Editor, type: RelationType): Editor =>
  editor.mode.kind === "link" ? { ...editor, mode: { ...editor.mode, type }, said: null } : editor;

/** Links, changes the kind of link, or takes the same link away. */
export function toggleLink(editor: Editor, target: string | null): Editor {
  if (editor.mode.kind !== "link") return editor;
  const { from, type } = editor.mode;
  if (!target || !targets(editor, from).some((e) => e.id === target)) {
    return refuse(editor, "A link goes from a treatment to a disease.");
  }
  const treats = entity(editor, from)?.type === TREATMENT;
  const [head, tail] = treats ? [from, target] : [target, from];
  const { draft } = editor;
  const others = draft.relations.filter((r) => r.head !== head || r.tail !== tail);
  const same = draft.relations.some((r) => r.head === head && r.tail === tail && r.type === type);
  const relations = same ? others : [...others, { type, head, tail, score: 1 }];
  return leaveMode(change(editor, { ...draft, relations }));
}

/** Takes a link away. */
export const unlink = (editor: Editor, link: Relation): Editor =>
  change(editor, { ...editor.draft, relations: editor.draft.relations.filter((r) => r.head !== link.head || r.tail !== link.tail) });

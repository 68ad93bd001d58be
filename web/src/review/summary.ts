// What a review comes to: what changed against the suggestion, and what is handed in.
import { kept, links, unjudged, type Draft, type Editor } from "./editor";

export interface Summary {
  unjudged: number;
  accepted: number;
  rejected: number;
  added: number;
  retyped: number;
  rebounded: number;
  restatused: number;
  recoded: number;
  linked: number;
  unlinked: number;
}

export function summary(editor: Editor): Summary {
  const { draft, suggested } = editor;
  const changed = kept(draft).flatMap((e) => {
    const before = suggested.get(e.id);
    return before ? [{ before, e }] : [];
  });
  const count = (test: (pair: (typeof changed)[number]) => boolean) => changed.filter(test).length;
  const key = (r: { type: string; head: string; tail: string }) => `${r.type} ${r.head} ${r.tail}`;
  const was = new Set(editor.suggestedRelations.map(key));
  const now = new Set(links(draft).map(key));
  return {
    unjudged: unjudged(editor).length,
    accepted: Object.values(draft.judged).filter((j) => j === "accepted").length,
    rejected: Object.values(draft.judged).filter((j) => j === "rejected").length,
    added: kept(draft).filter((e) => !suggested.has(e.id)).length,
    retyped: count(({ before, e }) => before.type !== e.type),
    rebounded: count(({ before, e }) => before.start !== e.start || before.end !== e.end),
    restatused: count(({ before, e }) => before.assertion !== e.assertion),
    recoded: count(({ before, e }) => before.type === e.type && before.codes[0]?.code !== e.codes[0]?.code),
    linked: [...now].filter((k) => !was.has(k)).length,
    unlinked: [...was].filter((k) => !now.has(k)).length,
  };
}

/** What is handed in: the entities that are kept, the links between them, and how each suggestion was judged. */
export function submission(draft: Draft): Draft {
  return { entities: kept(draft), relations: links(draft), judged: draft.judged };
}

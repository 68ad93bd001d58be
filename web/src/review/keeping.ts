// Drafts kept on this computer while the server cannot be reached: places, codes and judgements, never words of the
// note, nor what a code means.
import type { Points } from "../note/points";
import type { Entity } from "../note/values";
import type { Draft } from "./editor";

export interface Kept {
  by: string;
  version: number; // of the server's review that the draft was made on
  active_s: number;
  draft: Draft;
  unanswered?: string | null; // the essence of a draft that was sent on this version and may have been heard
}

export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A storage whose keys can be gone through. */
export interface Shelf extends Storage {
  readonly length: number;
  key(index: number): string | null;
}

const PREFIX = "behealthy.draft.";
const key = (noteId: string): string => PREFIX + noteId;
const named = ({ system, code }: { system: string; code: string }): string => `${system} ${code}`;

/** Keeps a draft without the words in it: they come back from the note itself. */
export function keep(storage: Storage, noteId: string, kept: Kept): void {
  const bare = kept.draft.entities.map(({ text: _text, section: _section, attributes: _attributes, codes, ...places }) => ({
    ...places,
    codes: codes.map(({ system, code }) => ({ system, code })),
  }));
  try {
    storage.setItem(key(noteId), JSON.stringify({ ...kept, draft: { ...kept.draft, entities: bare } }));
  } catch {
    // Full or refused: the server's copy is the one that counts, this one is a second chance.
  }
}

export const forget = (storage: Storage, noteId: string): void => storage.removeItem(key(noteId));

/** What the server has of a note: the version, and whose draft, where it has one. */
export interface There {
  version: number;
  draft: Draft | null;
  draftBy: string | null;
}

/** Gives back what a person's own draft on this computer adds to what the server has; null where there is none that fits. */
export function recall(storage: Storage, noteId: string, by: string, there: There, points: Points, known: readonly Entity[]): Kept | null {
  let kept: Kept;
  try {
    kept = JSON.parse(storage.getItem(key(noteId)) ?? "null") as Kept;
  } catch {
    return null;
  }
  if (!kept || kept.by !== by || !Array.isArray(kept.draft?.entities) || !continues(kept, there)) return null;
  const originals = new Map(known.map((e) => [e.id, e]));
  const names = new Map(known.flatMap((e) => e.codes.map((c) => [named(c), c.display])));
  const entities = kept.draft.entities
    .filter((e) => e.start >= 0 && e.start < e.end && e.end <= points.length)
    .map((e) => {
      const original = originals.get(e.id);
      const codes = e.codes.map(({ system, code }) => {
        const meant = named({ system, code });
        // What nobody here can name shows as its code.
        return original?.codes.find((c) => named(c) === meant) ?? { system, code, display: names.get(meant) ?? code, score: 1 };
      });
      return { ...e, codes, text: points.slice(e.start, e.end), section: original?.section ?? null, attributes: original?.attributes ?? {} };
    });
  return { ...kept, draft: { ...kept.draft, entities } };
}

/** Whether a draft was made on what the server has: on its version, or on one whose saving was heard and not answered. */
function continues(kept: Kept, { version, draft, draftBy }: There): boolean {
  if (kept.version === version) return true;
  return kept.version === version - 1 && draftBy === kept.by && draft !== null && kept.unanswered === essence(draft);
}

/** Forgets the drafts of a person that the server has as they are; what it has not, or cannot say, stays. */
export async function forgetSaved(shelf: Shelf, by: string, saved: (noteId: string) => Promise<Draft | null>): Promise<void> {
  const keys = Array.from({ length: shelf.length }, (_, i) => shelf.key(i) ?? "").filter((name) => name.startsWith(PREFIX));
  for (const name of keys) {
    try {
      const written = shelf.getItem(name);
      const kept = JSON.parse(written ?? "null") as Kept | null;
      if (kept?.by !== by) continue;
      const there = await saved(name.slice(PREFIX.length));
      // It may have changed while the server was asked.
      if (there && essence(there) === essence(kept.draft) && shelf.getItem(name) === written) shelf.removeItem(name);
    } catch {
      // No draft, or nobody who could say: it stays.
    }
  }
}

/** What a person decided in a draft, in one form whatever the order, without words of the note. */
export function essence({ entities, relations, judged }: Draft): string {
  const decided = entities.map((e) => JSON.stringify([e.id, e.start, e.end, e.type, e.assertion, e.codes.map(named)]));
  const links = relations.map((r) => JSON.stringify([r.type, r.head, r.tail]));
  return JSON.stringify([decided.sort(), links.sort(), Object.entries(judged).map((pair) => JSON.stringify(pair)).sort()]);
}

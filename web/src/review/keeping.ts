// Drafts kept on this computer while the server cannot be reached: places and judgements, never words of the note.
import type { Points } from "../note/points";
import type { Entity } from "../note/values";
import type { Draft } from "./editor";

export interface Kept {
  by: string;
  version: number; // of the server's review that the draft was made on
  active_s: number;
  draft: Draft;
}

export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const key = (noteId: string): string => `behealthy.draft.${noteId}`;

/** Keeps a draft without the words in it: they come back from the note itself. */
export function keep(storage: Storage, noteId: string, kept: Kept): void {
  const bare = kept.draft.entities.map(({ text: _text, section: _section, attributes: _attributes, ...places }) => places);
  try {
    storage.setItem(key(noteId), JSON.stringify({ ...kept, draft: { ...kept.draft, entities: bare } }));
  } catch {
    // Full or refused: the server's copy is the one that counts, this one is a second chance.
  }
}

export const forget = (storage: Storage, noteId: string): void => storage.removeItem(key(noteId));

/** Gives back what was kept for a person and a version of a note; null where there is none that fits. */
export function recall(storage: Storage, noteId: string, by: string, version: number, points: Points, known: readonly Entity[]): Kept | null {
  let kept: Kept;
  try {
    kept = JSON.parse(storage.getItem(key(noteId)) ?? "null") as Kept;
  } catch {
    return null;
  }
  if (!kept || kept.by !== by || kept.version !== version || !Array.isArray(kept.draft?.entities)) return null;
  const originals = new Map(known.map((e) => [e.id, e]));
  const entities = kept.draft.entities
    .filter((e) => e.start >= 0 && e.start < e.end && e.end <= points.length)
    .map((e) => {
      const original = originals.get(e.id);
      return { ...e, text: points.slice(e.start, e.end), section: original?.section ?? null, attributes: original?.attributes ?? {} };
    });
  return { ...kept, draft: { ...kept.draft, entities } };
}

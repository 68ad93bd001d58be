// Before a log-out: sends what still waits, then clears what is kept on this computer and the server has.
import { api, told } from "../api/client";
import { draftOf } from "./calls";
import type { Draft } from "./editor";
import { forgetSaved, type Shelf } from "./keeping";

const senders = new Set<() => Promise<unknown>>();

/** Has something sent before a log-out; gives what takes it back. */
export function beforeLeaving(send: () => Promise<unknown>): () => void {
  senders.add(send);
  return () => void senders.delete(send);
}

/** Leaves as little as can be of a person's drafts on this computer, and loses none. Never throws. */
export async function tidy(by: string, shelf: Shelf = localStorage): Promise<void> {
  await Promise.allSettled([...senders].map((send) => send()));
  await forgetSaved(shelf, by, (noteId) => saved(noteId, by)).catch(() => undefined);
}

async function saved(noteId: string, by: string): Promise<Draft | null> {
  const review = await told(api.GET("/api/v1/reviews/{note_id}", { params: { path: { note_id: noteId } } }));
  return review.draft_by === by ? draftOf(review.draft) : null;
}

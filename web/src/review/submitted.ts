// The notes that were submitted since the app was opened, the last one on top: that one a key reopens.

export interface Done {
  by: string;
  noteIds: readonly string[];
}

/** Puts a note on top; what somebody else submitted at this screen is forgotten. */
export const put = (done: Done, by: string, noteId: string): Done => ({
  by,
  noteIds: [...(done.by === by ? done.noteIds.filter((each) => each !== noteId) : []), noteId],
});

/** Takes a note away, wherever it lies. */
export const without = (done: Done, noteId: string): Done => ({ ...done, noteIds: done.noteIds.filter((each) => each !== noteId) });

/** The note that a person submitted last; null where there is none. */
export const last = (done: Done, by: string): string | null => (done.by === by ? (done.noteIds.at(-1) ?? null) : null);

let done: Done = { by: "", noteIds: [] };

export const submitted = {
  add: (by: string, noteId: string): void => void (done = put(done, by, noteId)),
  forget: (noteId: string): void => void (done = without(done, noteId)),
  last: (by: string): string | null => last(done, by),
};

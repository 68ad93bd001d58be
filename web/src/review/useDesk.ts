// One note on one's desk: the editor, what saves it, and the clock, tied to the page while it is open.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { saveDraft, draftOf, suggestionOf, type Review } from "./calls";
import { ActiveClock } from "./clock";
import { open, type Editor } from "./editor";
import { essence, forget, keep, recall } from "./keeping";
import { beforeLeaving } from "./leaving";
import { Saver, type Saving } from "./saver";

export interface Desk {
  editor: Editor;
  change: (make: (editor: Editor) => Editor) => void;
  saving: Saving;
  /** Sends what waits; gives the version to submit on, or null when the server does not have everything. */
  settle: () => Promise<number | null>;
  /** The note is handed in: nothing more is saved, nothing is kept here. */
  done: () => void;
  seconds: () => number;
  idle: () => boolean;
}

export function useDesk(review: Review, by: string): Desk {
  const noteId = review.note_id;
  const clock = useMemo(() => {
    const fresh = new ActiveClock();
    fresh.touch(performance.now());
    return fresh;
  }, []);
  const before = useRef(review.active_s);
  const seconds = useCallback(() => before.current + clock.seconds(performance.now()), [clock]);
  const [saving, setSaving] = useState<Saving>("saved");

  const [editor, setEditor] = useState<Editor>(() => {
    const suggestion = suggestionOf(review.suggestion);
    const draft = draftOf(review.draft);
    const fresh = open(review.text, suggestion, draft);
    const kept = recall(localStorage, noteId, by, { version: review.version, draft, draftBy: review.draft_by }, fresh.points, [...(suggestion?.entities ?? []), ...(draft?.entities ?? [])]);
    if (kept) before.current = Math.max(before.current, kept.active_s);
    return kept ? open(review.text, suggestion, kept.draft) : fresh;
  });

  const saver = useMemo(() => {
    const held = (version: number, draft: Editor["draft"], unanswered: Editor["draft"] | null) => ({ by, version, active_s: seconds(), draft, unanswered: unanswered && essence(unanswered) });
    return new Saver(
      {
        send: (draft, version) => saveDraft(noteId, draft, version, seconds(), document.visibilityState === "hidden"),
        keep: (draft, version, unanswered) => keep(localStorage, noteId, held(version, draft, unanswered)),
        forget: () => forget(localStorage, noteId),
        tell: setSaving,
      },
      review.version,
    );
  }, [noteId, by, review.version, seconds]);

  // The draft is the only thing that is saved: going about changes nothing. The first one is as the server has it.
  const drafted = useRef<Editor["draft"] | null>(null);
  useEffect(() => {
    if (drafted.current && drafted.current !== editor.draft) saver.change(editor.draft);
    drafted.current = editor.draft;
  }, [editor.draft, saver]);

  useEffect(() => {
    const touch = () => clock.touch(performance.now());
    const hide = () => {
      if (document.visibilityState !== "hidden") return touch();
      clock.pause(performance.now());
      void saver.flush();
    };
    const online = () => void saver.flush();
    const stays = beforeLeaving(() => saver.flush());
    touch();
    for (const name of ACTIVITY) window.addEventListener(name, touch, { passive: true });
    document.addEventListener("visibilitychange", hide);
    window.addEventListener("online", online);
    return () => {
      for (const name of ACTIVITY) window.removeEventListener(name, touch);
      document.removeEventListener("visibilitychange", hide);
      window.removeEventListener("online", online);
      stays();
      void saver.flush();
    };
  }, [clock, saver]);

  return {
    editor,
    change: setEditor,
    saving,
    settle: async () => ((await saver.flush()) ? saver.seen : null),
    done: () => {
      saver.stop();
      forget(localStorage, noteId);
    },
    seconds,
    idle: () => clock.idle(performance.now()),
  };
}

const ACTIVITY = ["keydown", "pointermove", "pointerdown", "wheel"] as const;

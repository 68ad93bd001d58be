// Reopens a note that was submitted: it comes into one's hands again, with what was submitted as the draft.
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Problem } from "../api/client";
import { KeyCaps } from "../app/Keys";
import { sayDone, sayProblem } from "../parts/say";
import { refreshQueue, takeAgain } from "./calls";
import { REOPEN } from "./keys";
import { submitted } from "./submitted";
import css from "./review.module.css";

const SUBMITTED = "submitted";

export function useReopen() {
  const navigate = useNavigate();
  return useMutation({
    meta: { quiet: true }, // its own words are said below
    mutationFn: takeAgain,
    onSuccess: (noteId) => {
      submitted.forget(noteId);
      notifications.hide(SUBMITTED);
      sayDone("Reopened, with what was submitted. What you submit next counts.");
      return navigate({ to: "/review/$noteId", params: { noteId } });
    },
    onError: (error, noteId) => {
      if (!(error instanceof Problem && error.passing)) submitted.forget(noteId);
      sayProblem(inWords(error));
    },
    onSettled: refreshQueue,
  });
}

/** Somebody else may have reopened and submitted it since: then it is theirs, which no name of a right would say. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Problem) || error.status !== 403) return error;
  return new Problem("Somebody else has submitted this note since. They can reopen it, or a data scientist.", 403, error.code);
}

/** Says that a note is submitted, and offers it back for a while. */
export function saySubmitted(more: boolean, reopen: () => void): void {
  const again = () => {
    (document.activeElement as HTMLElement | null)?.blur(); // the button goes away; the next key is the page's
    reopen();
  };
  notifications.hide(SUBMITTED); // of the note before: one at a time
  notifications.show({
    id: SUBMITTED,
    color: "teal",
    autoClose: 10_000,
    message: (
      <div className={css.offer}>
        <span>{more ? "Submitted. The next note is here." : "Submitted. Nothing more waits."}</span>
        <Button size="compact-sm" variant="default" rightSection={<KeyCaps keys={REOPEN} />} onClick={again}>Reopen it</Button>
      </div>
    ),
  });
}

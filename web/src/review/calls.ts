// The calls of the review: claim, save, submit, reopen, give back.
import { useMutation, useQuery } from "@tanstack/react-query";
import { answered, api, Problem, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { entityOf } from "../note/values";
import type { Draft } from "./editor";
import type { Sent } from "./saver";

export type Review = Wire["Review"];

const etag = (version: number): string => `"${version}"`;

/** Takes a note into one's hands; the answer is forgotten as soon as the page is left. */
export function useClaimed(noteId: string) {
  return useQuery({
    queryKey: ["review", noteId],
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    queryFn: () => taken(noteId) ?? told(api.POST("/api/v1/reviews/{note_id}:claim", { params: { path: { note_id: noteId } } })),
  });
}

// A note that was claimed as the next one, or again, is on its way to its page: it is handed over once, not asked for again.
let onItsWay: Review | null = null;

function taken(noteId: string): Review | null {
  const review = onItsWay;
  onItsWay = null;
  return review?.note_id === noteId ? review : null;
}

/** Claims the most urgent note and gives its id; null when nothing waits. */
export function useNext() {
  return useMutation({
    mutationFn: async () => {
      onItsWay = (await told(api.POST("/api/v1/reviews/next"))) ?? null;
      return onItsWay?.note_id ?? null;
    },
    onSettled: refreshQueue,
  });
}

/** Takes a note that was submitted into one's hands again. */
export async function takeAgain(noteId: string): Promise<string> {
  onItsWay = await told(api.POST("/api/v1/reviews/{note_id}:reopen", { params: { path: { note_id: noteId } } }));
  return noteId;
}

export function useSubmit(noteId: string) {
  return useMutation({
    mutationFn: ({ draft, version, active_s }: { draft: Draft; version: number; active_s: number }) =>
      told(
        api.POST("/api/v1/reviews/{note_id}:submit", {
          params: { path: { note_id: noteId }, header: { "if-match": etag(version) } },
          body: { ...onWire(draft), active_s },
        }),
      ),
    onSuccess: refreshQueue,
  });
}

export function useGiveBack(noteId: string) {
  return useMutation({
    mutationFn: async (how: "release" | "skip"): Promise<void> => {
      const params = { path: { note_id: noteId } };
      await (how === "release"
        ? told(api.POST("/api/v1/reviews/{note_id}:release", { params }))
        : told(api.POST("/api/v1/reviews/{note_id}:skip", { params })));
    },
    onSuccess: refreshQueue,
  });
}

export const refreshQueue = (): Promise<void> => queries.invalidateQueries({ queryKey: ["reviews"] });

/** Saves a draft; says what came of it and never throws. `last` lets the call outlive the page. */
export async function saveDraft(noteId: string, draft: Draft, version: number, active_s: number, last = false): Promise<Sent> {
  try {
    const { data } = await answered(
      api.PUT("/api/v1/reviews/{note_id}", {
        params: { path: { note_id: noteId }, header: { "if-match": etag(version) } },
        body: { draft: onWire(draft), active_s },
        keepalive: last,
      }),
    );
    return { version: data!.version };
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) return "away";
    return error.status === 409 || error.status === 412 ? "conflict" : "refused";
  }
}

type GivenDraft = Wire["GivenDraft"];

const onWire = (draft: Draft): GivenDraft => draft as GivenDraft;

/** A draft of the wire as the editor has it. */
export function draftOf(wire: Wire["Draft"] | null): Draft | null {
  return wire && { entities: wire.entities.map(entityOf), relations: wire.relations, judged: wire.judged };
}

export function suggestionOf(wire: Wire["Extraction"] | null) {
  return wire && { entities: wire.entities.map(entityOf), relations: wire.relations };
}

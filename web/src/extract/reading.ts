// What is read on the Extract page: kept while somebody is logged in, gone from memory when they log out.
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, Problem, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { Points } from "../note/points";
import { entityOf, inOrder, type Entity, type Relation } from "../note/values";

export type Row = Wire["RecordRow"];

export interface Reading {
  points: Points;
  entities: Entity[];
  relations: Relation[];
  record: Row[];
  warnings: string[];
  version: string;
  duration_ms: number;
}

interface Kept {
  text: string;
  answer: Wire["ExtractAnswer"] | null;
}

const KEY = ["extract", "note"];
const EMPTY: Kept = { text: "", answer: null };

export function useNote() {
  const { data } = useQuery({ queryKey: KEY, queryFn: () => EMPTY, initialData: EMPTY, enabled: false, staleTime: Infinity, gcTime: Infinity });
  const reading = useMemo(() => (data.answer ? readingOf(data.answer) : null), [data.answer]);
  return { text: data.text, reading };
}

export const setText = (text: string): void => void queries.setQueryData(KEY, { text, answer: null });

export function useRead() {
  return useMutation({
    mutationFn: async (text: string) => {
      const answer = await told(api.POST("/api/v1/extract", { body: { text } }));
      refuseFailed(answer);
      return answer;
    },
    onSuccess: (answer, text) => queries.setQueryData(KEY, { text, answer }),
  });
}

export function useSendToReview() {
  return useMutation({
    mutationFn: async (text: string) => {
      const answer = await told(api.POST("/api/v1/extract", { params: { query: { store: true, to_review: true } }, body: { text } }));
      refuseFailed(answer);
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["reviews"] }),
  });
}

function refuseFailed(answer: Wire["ExtractAnswer"]): void {
  const item = answer.items[0];
  if (item && "error" in item) throw new Problem("The note cannot be read.", 422, item.error.code, item.error.errors);
}

function readingOf(answer: Wire["ExtractAnswer"]): Reading | null {
  const item = answer.items[0];
  if (!item || "error" in item) return null;
  return {
    points: new Points(item.text),
    entities: inOrder(item.entities.map(entityOf)),
    relations: item.relations,
    record: item.record,
    warnings: item.warnings,
    version: answer.model_version,
    duration_ms: answer.duration_ms,
  };
}

/** The entity that a row of the record stands for: its first mention. */
export function entityOfRow(reading: Reading, row: Row): Entity | undefined {
  const mention = row.mentions[0];
  if (mention) return reading.entities.find((e) => e.start === mention.start && e.end === mention.end);
  return reading.entities.find((e) => e.text === row.treatments[0]?.name);
}

/** The row that an entity belongs to: the one that mentions it, or that of the disease it is linked to. */
export function rowOfEntity(reading: Reading, id: string | null): Row | undefined {
  const one = reading.entities.find((e) => e.id === id);
  if (!one) return undefined;
  const own = reading.record.find((row) => row.mentions.some((m) => m.start === one.start && m.end === one.end));
  if (own) return own;
  const disease = reading.relations.find((r) => r.head === id)?.tail;
  return disease ? rowOfEntity(reading, disease) : reading.record.find((row) => row.treatments.some((t) => t.name === one.text));
}

/** The record as lines of tab-separated cells, for a sheet or a letter. */
export function asText(record: readonly Row[]): string {
  const lines = record.map((row) => [row.disease, row.status ?? "", row.code?.code ?? "", row.treatments.map((t) => [t.name, t.dose].filter(Boolean).join(" ")).join("; ")]);
  return [["Disease", "Status", "Code", "Treatments"], ...lines].map((line) => line.join("\t")).join("\n");
}

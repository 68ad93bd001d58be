// The values that travel: entities and relations as the API has them. Offsets are Unicode code points, end exclusive.

export const STATUSES = ["present", "negated", "possible", "hypothetical", "historical", "family"] as const;
export type Status = (typeof STATUSES)[number];

export const RELATIONS = ["TREATS", "PREVENTS", "CAUSES"] as const;
export type RelationType = (typeof RELATIONS)[number];

export const DISEASE = "DISEASE" as const;
export const TREATMENT = "TREATMENT" as const;

/** A stretch of a note. */
export interface Place {
  start: number;
  end: number;
}

export interface Code {
  system: string;
  code: string;
  display: string;
  score: number;
}

export interface Entity {
  id: string;
  start: number;
  end: number;
  text: string;
  type: string;
  score: number;
  assertion: Status | null;
  section: string | null;
  codes: Code[];
  attributes: Record<string, string>;
  /** The words that gave it its status; none where its section or its looks decided, or nothing. */
  triggers: Place[];
}

export interface Relation {
  type: string;
  head: string; // the treatment
  tail: string; // the disease
  score: number;
}

type Loose<T> = { [K in keyof T]?: T[K] | null | undefined };

/** Fills in what the wire leaves out. */
export function entityOf(raw: Loose<Omit<Entity, "assertion">> & { assertion?: string | null }, number: number): Entity {
  return {
    id: raw.id || `e${number}`,
    start: raw.start ?? 0,
    end: raw.end ?? 0,
    text: raw.text ?? "",
    type: raw.type ?? DISEASE,
    score: raw.score ?? 1,
    assertion: (STATUSES as readonly string[]).includes(raw.assertion ?? "") ? (raw.assertion as Status) : null,
    section: raw.section ?? null,
    codes: raw.codes ?? [],
    attributes: raw.attributes ?? {},
    triggers: raw.triggers ?? [],
  };
}

/** Reading order: by place, the longer first where two begin together. */
export function inOrder<T extends { start: number; end: number }>(spans: readonly T[]): T[] {
  return [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
}

export const typeName = (type: string): string =>
  type === DISEASE ? "disease" : type === TREATMENT ? "treatment" : type.toLowerCase().replaceAll("_", " ");

/** A link as its treatment says it, and as its disease does. */
export const relationName = (type: string): string => type.toLowerCase();
export const relationOf = (type: string): string => ({ TREATS: "treated by", PREVENTS: "prevented by", CAUSES: "caused by" })[type] ?? relationName(type);

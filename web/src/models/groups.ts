// The groups of notes and entities over which two models are compared: their order and their names.
import { capital, spoken } from "../parts/words";

const ORDER = ["all", "type", "assertion", "section", "source"];
const NAMES: Record<string, string> = { all: "All entities", assertion: "status" };

const kind = (name: string): string => name.split(":")[0] ?? "";
const place = (name: string): number => (ORDER.includes(kind(name)) ? ORDER.indexOf(kind(name)) : ORDER.length);

/** All first, then types, statuses, sections and sources, each with the most entities first. */
export function inGroups<T extends { name: string; n: number | null }>(differences: readonly T[]): T[] {
  return [...differences].sort((a, b) => place(a.name) - place(b.name) || (b.n ?? 0) - (a.n ?? 0));
}

/** A group in words: type:DISEASE → Type: disease, section:physical_exam → Section: physical exam. */
export function groupName(name: string): string {
  const [of = "", ...which] = name.split(":");
  if (!which.length) return NAMES[of] ?? capital(spoken(of));
  const said = which.join(":");
  return `${capital(NAMES[of] ?? of)}: ${of === "source" ? said : spoken(said).toLowerCase()}`;
}

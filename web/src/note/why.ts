// Why an entity has its status: the words that gave it, as the note has them.
import type { Points } from "./points";
import type { Entity } from "./values";

/** The trigger words, in reading order, in quotes: “denies”, “ruled out”. */
export function triggerWords(entity: Entity, points: Points): string[] {
  return entity.triggers.map(({ start, end }) => `“${points.slice(start, end).replace(/\s+/g, " ")}”`);
}

/** What to say behind a status: the words that gave it, or that none did; of what is simply present, nothing. */
export function because(entity: Entity, points: Points): string {
  const words = triggerWords(entity, points);
  if (words.length) return `by ${words.join(" and ")}`;
  const plain = entity.assertion === null || entity.assertion === "present";
  return plain ? "" : "by its section or its sentence, no trigger word";
}

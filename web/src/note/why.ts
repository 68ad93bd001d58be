// Why an entity has its status: the words that gave it, as the note has them.
import type { Points } from "./points";
import type { Entity } from "./values";

/** The trigger words, in reading order, in quotes: “denies”, “ruled out”. */
export function triggerWords(entity: Entity, points: Points): string[] {
  return entity.triggers.map(({ start, end }) => `“${points.slice(start, end).replace(/\s+/g, " ")}”`);
}

/** What to say behind a status: the words that gave it. Nothing where none did, or where nobody wrote them down. */
export function because(entity: Entity, points: Points): string {
  const words = triggerWords(entity, points);
  return words.length ? `by ${words.join(" and ")}` : "";
}

// The sections of a note, as its headings show them: a guide for the eye, nothing is decided by it.
import type { Points } from "./points";

export interface Heading {
  title: string;
  start: number; // code point
}

const HEADING = /^[ \t]*(?:#+ *)?([A-Z][A-Za-z0-9 /&,()'-]{1,47}?):?[ \t]*$|^[ \t]*([A-Z][A-Za-z /&'-]{2,39}):(?=\s)/gm;

/** Lines that look like headings: short, capital first, alone on their line or closed by a colon. */
export function outline(points: Points): Heading[] {
  const found = Array.from(points.text.matchAll(HEADING), (match) => ({
    title: (match[1] ?? match[2] ?? "").trim(),
    closed: match[0].trimEnd().endsWith(":"),
    start: points.point(match.index + match[0].length - match[0].trimStart().length),
  }));
  const upper = (title: string) => title === title.toUpperCase();
  return found
    .filter(({ title, closed }) => title.length > 1 && (closed || upper(title)) && title.split(" ").length <= 6)
    .map(({ title, start }) => ({ title: upper(title) && title.length > 4 ? sentence(title) : title, start }));
}

const sentence = (title: string) => title[0] + title.slice(1).toLowerCase();

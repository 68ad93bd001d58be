// Where words stand in a note that are not marked yet.
import { kept, type Editor } from "./editor";
import type { Span } from "../note/words";

const MOST = 200;

/** The places of a phrase, whatever its case, that no kept entity covers, in code points. */
export function occurrences(editor: Editor, phrase: string): Span[] {
  const sought = phrase.trim();
  if (!sought) return [];
  const pattern = new RegExp(sought.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+"), "giu");
  const taken = kept(editor.draft);
  const places: Span[] = [];
  for (const match of editor.points.text.matchAll(pattern)) {
    const span = { start: editor.points.point(match.index), end: editor.points.point(match.index + match[0].length) };
    if (!taken.some((e) => e.start < span.end && span.start < e.end)) places.push(span);
    if (places.length >= MOST) break;
  }
  return places;
}

// Where words begin and end, for moving a boundary by a word. Offsets are code points.
import type { Points } from "./points";

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’.-][\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{M}\p{N}]/gu;

export interface Span {
  start: number;
  end: number;
}

/** The words of a text, and each mark that is none, in order. */
export function words(points: Points): Span[] {
  return Array.from(points.text.matchAll(WORD), (match) => ({
    start: points.point(match.index),
    end: points.point(match.index + match[0].length),
  }));
}

/** The nearest beginning of a word before (-1) or after (+1) a place; the place itself where there is none. */
export function nextStart(all: readonly Span[], at: number, direction: 1 | -1): number {
  const found = direction > 0 ? all.find((w) => w.start > at) : all.findLast((w) => w.start < at);
  return found ? found.start : at;
}

/** The nearest end of a word before (-1) or after (+1) a place; the place itself where there is none. */
export function nextEnd(all: readonly Span[], at: number, direction: 1 | -1): number {
  const found = direction > 0 ? all.find((w) => w.end > at) : all.findLast((w) => w.end < at);
  return found ? found.end : at;
}

/** A selection without the white space at its ends; null where nothing is left. */
export function trimmed(points: Points, start: number, end: number): Span | null {
  const text = points.slice(start, end);
  const before = [...text].length - [...text.trimStart()].length;
  const inside = [...text.trim()].length;
  return inside ? { start: start + before, end: start + before + inside } : null;
}

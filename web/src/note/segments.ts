// Cuts a text at the borders of its entities, so that spans that nest or overlap can be drawn side by side.
import type { Span } from "./words";

export interface Segment<T> {
  start: number;
  end: number;
  /** The spans that cover this piece, the longest first. */
  covers: T[];
}

/** The pieces of a text of so many code points, without gaps; spans that leave it are cut to it. */
export function segments<T extends Span>(length: number, spans: readonly T[]): Segment<T>[] {
  const inside = spans.filter((s) => s.start < s.end && s.start < length && s.end > 0).sort((a, b) => a.start - b.start);
  const cuts = [...new Set([0, length, ...inside.flatMap((s) => [Math.max(0, s.start), Math.min(length, s.end)])])];
  cuts.sort((a, b) => a - b);
  const out: Segment<T>[] = [];
  let open: T[] = [];
  let next = 0;
  for (let i = 0; i + 1 < cuts.length; i++) {
    const start = cuts[i]!;
    open = open.filter((s) => s.end > start);
    while (next < inside.length && inside[next]!.start <= start) {
      const span = inside[next++]!;
      if (span.end > start) open.push(span);
    }
    const covers = open.length > 1 ? [...open].sort((a, b) => b.end - b.start - (a.end - a.start)) : [...open];
    out.push({ start, end: cuts[i + 1]!, covers });
  }
  return out;
}

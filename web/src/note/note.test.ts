import { describe, expect, it } from "vitest";
import { outline } from "./outline";
import { Points } from "./points";
import { segments } from "./segments";
import { nextEnd, nextStart, trimmed, words } from "./words";

describe("points", () => {
  it("count a pair of JavaScript as one", () => {
    const points = new Points("a🫁b");
    expect(points.length).toBe(3);
    expect(points.slice(1, 2)).toBe("🫁");
    expect([0, 1, 2, 3].map((p) => points.unit(p))).toEqual([0, 1, 3, 4]);
    expect([0, 1, 2, 3, 4].map((u) => points.point(u))).toEqual([0, 1, 1, 2, 3]);
  });

  it("go there and back for every place of every text", () => {
    for (const text of ["", "plain", "𝒜𝒷 é 😀😀", "e\u0301 \u{1F469}\u200D\u{1F52C}", "\uD83D alone"]) {
      const points = new Points(text);
      expect(points.length).toBe([...text].length);
      for (let p = 0; p <= points.length; p++) expect(points.point(points.unit(p))).toBe(p);
    }
  });

  it("take places outside as the ends", () => {
    expect(new Points("abc").slice(-4, 99)).toBe("abc");
    expect(new Points("🫁").slice(-4, 99)).toBe("🫁");
  });
});

describe("words", () => {
  it("hold hyphens and points inside, and marks apart", () => {
    const points = new Points("Non-small 2.5 mg (b.i.d.)");
    expect(words(points).map((w) => points.slice(w.start, w.end))).toEqual(["Non-small", "2.5", "mg", "(", "b.i.d", ".", ")"]);
  });

  it("are found before and after a place", () => {
    const all = words(new Points("ab cd ef"));
    expect([nextStart(all, 3, 1), nextStart(all, 3, -1), nextStart(all, 0, -1)]).toEqual([6, 0, 0]);
    expect([nextEnd(all, 5, 1), nextEnd(all, 5, -1), nextEnd(all, 8, 1)]).toEqual([8, 2, 8]);
  });

  it("lose the white space of a selection", () => {
    const points = new Points("🫁  fever ");
    expect(trimmed(points, 1, 9)).toEqual({ start: 3, end: 8 });
    expect(trimmed(points, 1, 3)).toBeNull();
  });
});

describe("segments", () => {
  it("cover the text without gaps, whatever the spans do", () => {
    const spans = [
      { start: 2, end: 8 },
      { start: 4, end: 6 },
      { start: 5, end: 10 },
      { start: -3, end: 1 },
      { start: 11, end: 40 },
    ];
    const all = segments(12, spans);
    expect(all[0]!.start).toBe(0);
    expect(all.at(-1)!.end).toBe(12);
    all.slice(1).forEach((piece, i) => expect(piece.start).toBe(all[i]!.end));
    for (const piece of all) {
      const expected = spans.filter((s) => s.start <= piece.start && s.end >= piece.end);
      expect(new Set(piece.covers)).toEqual(new Set(expected));
    }
  });

  it("of an empty text are none", () => expect(segments(0, [])).toEqual([]));
});

it("an outline finds headings and leaves sentences alone", () => {
  const note = "HISTORY OF PRESENT ILLNESS\nShe fell. Pain: severe.\n\nPast history:\nGout\n\nPlan: rest and ice.\nGo home\n";
  const found = outline(new Points(note));
  expect(found.map((h) => h.title)).toEqual(["History of present illness", "Past history", "Plan"]);
  expect(found.map((h) => h.start)).toEqual([0, 52, 72]);
});

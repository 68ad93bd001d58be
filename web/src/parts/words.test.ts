import { expect, it } from "vitest";
import { axis, gauged, moment, typeset } from "./words";

it("what lies between 0 and 1 has three digits, also where it is whole", () => {
  expect([gauged(1, "AUC"), gauged(0, "share"), gauged(0.8054, "share"), gauged(-0.5, "distance"), gauged(null, "AUC")]).toEqual(["1.000", "0.000", "0.805", "−0.500", "–"]);
  expect([gauged(25.18, "words"), gauged(1200, "words")]).toEqual(["25.2", "1,200"]);
});

it("labels of an axis have the same digits", () => {
  expect(axis([0, 0.25, 0.5])).toEqual(["0.00", "0.25", "0.50"]);
  expect(axis([12.5, 15])).toEqual(["12.5", "15.0"]);
  expect(axis([-1000, 0, 1000])).toEqual(["−1,000", "0", "1,000"]);
  expect(axis([])).toEqual([]);
});

it("a time of another year has its year", () => {
  const now = new Date(2026, 10, 30);
  expect(moment("2026-11-27T12:00:00+00:00", now)).not.toContain("2026");
  expect(moment("2025-11-27T12:00:00+00:00", now)).toContain("2025");
  expect(moment(null, now)).toBe("–");
});

it("a sentence of the machine has arrows and minus signs, and hyphens stay", () => {
  expect(typeset("F1 0.229 -> 0.705 (+0.477); above -0.005")).toBe("F1 0.229 → 0.705 (+0.477); above −0.005");
  expect(typeset("learned-6f, n-2, 3-4, (-0.1)")).toBe("learned-6f, n-2, 3-4, (−0.1)");
});

import { expect, it } from "vitest";
import { axis, gauged } from "./words";

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

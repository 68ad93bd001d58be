import { expect, it } from "vitest";
import { named } from "./naming";

it("formulas name baselines as the page does", () => {
  expect(named("needs the baseline trained_personnel_f1")).toBe("needs the baseline “F1 of trained personnel”");
  expect(named("seconds_per_note x cost_per_hour")).toBe("“Seconds to key in a note by hand” × “Cost of an hour of data entry”");
  expect(named("ratings, 1 to 5")).toBe("ratings, 1 to 5");
});

import { expect, it } from "vitest";
import { measured } from "./System";

it("says a number with its unit, large rooms in GB, and nothing as nothing", () => {
  const said = [
    measured({ unit: "MB" }, 25_300),
    measured({ unit: "MB" }, 1_000),
    measured({ unit: "ms" }, 112.26),
    measured({ unit: "%" }, 0),
    measured({ unit: "h" }, 2.34),
    measured({ unit: "s" }, null),
  ];
  expect(said).toEqual(["25 GB", "1,000 MB", "112 ms", "0 %", "2.30 h", "–"]);
});

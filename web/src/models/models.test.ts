import { describe, expect, it } from "vitest";
import { groupName, inGroups } from "./groups";
import { measured } from "./rules";

describe("a comparison", () => {
  it("tells its groups in order and in words", () => {
    const names = ["section:plan", "source:St. Elsewhere", "type:DISEASE", "all", "assertion:negated", "section:physical_exam", "length"];
    const found = inGroups(names.map((name, i) => ({ name, n: name === "section:physical_exam" ? 99 : i })));
    expect(found.map((each) => groupName(each.name))).toEqual([
      "All entities", "Type: disease", "Status: negated", "Section: physical exam", "Section: plan", "Source: St. Elsewhere", "Length",
    ]);
  });

  it("tells each rule in its own unit", () => {
    expect(measured({ name: "notes" }, 1040)).toBe("1,040");
    expect(measured({ name: "suite" }, -1)).toBe("−1");
    expect(measured({ name: "size" }, 0.114)).toBe("+11 %");
    expect(measured({ name: "latency" }, -0.02)).toBe("−2 %");
    expect(measured({ name: "recall DISEASE" }, 0.0912)).toBe("+.091");
    expect(measured({ name: "signature" }, null)).toBe("–");
  });
});

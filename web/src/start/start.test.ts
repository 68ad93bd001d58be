import { describe, expect, it } from "vitest";
import { foreignPage, PAGES, pagesOf } from "../app/pages";
import type { Me } from "../api/session";
import { isAway, putAway, recallSteps } from "./away";
import { left, TOUR, tourOf } from "./steps";

const shelf = (kept: string | null = null, full = false) => ({
  kept,
  getItem() {
    return this.kept;
  },
  setItem(_: string, value: string) {
    if (full) throw new Error("full");
    this.kept = value;
  },
});

const me = (rights: string[]): Me => ({ name: "ann", role: "reviewer", rights, requests_per_minute: 60 });

describe("the first steps", () => {
  it("count what is left", () => {
    expect(left({ source: true, reviewer: false, alerts: false, baseline: true })).toBe(2);
    expect(left({ source: true, reviewer: true, alerts: true, baseline: true })).toBe(0);
  });

  it("are put away by one person and not by another, and come back", () => {
    const own = shelf();
    putAway("ann", own);
    putAway("ann", own);
    putAway("bob", own);
    expect([isAway("ann", own), isAway("bob", own), isAway("eve", own)]).toEqual([true, true, false]);
    recallSteps("ann", own);
    expect([isAway("ann", own), isAway("bob", own)]).toEqual([false, true]);
  });

  it("are there whatever lies on the shelf", () => {
    for (const odd of ["{", "7", "null", '{"ann":1}', "[1]"]) expect(isAway("ann", shelf(odd))).toBe(false);
    const full = shelf(null, true);
    putAway("ann", full);
    expect(isAway("ann", full)).toBe(false);
  });
});

describe("the tour", () => {
  it("has four steps for an admin, and for others those that they may open", () => {
    expect(tourOf(PAGES)).toEqual(TOUR);
    expect(TOUR).toHaveLength(4);
    expect(tourOf(pagesOf(me(["extract", "reviews", "kpis:read"]))).map((step) => step.to)).toEqual(["/extract", "/review"]);
  });
});

it("a page of others is known by its address", () => {
  const ann = me(["extract", "reviews"]);
  expect(foreignPage(ann, "/models/compare")?.name).toBe("Models");
  expect(foreignPage(ann, "/review/n_1")).toBeNull();
  expect(foreignPage(ann, "/modelsx")).toBeNull();
  expect(foreignPage(ann, "/")).toBeNull();
});

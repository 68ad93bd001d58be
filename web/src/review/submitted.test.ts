import { expect, it } from "vitest";
import { last, put, without, type Done } from "./submitted";

const NOTHING: Done = { by: "", noteIds: [] };

it("the note that was submitted last is reopened first, then the one before", () => {
  const two = put(put(NOTHING, "ann", "n1"), "ann", "n2");
  expect(last(two, "ann")).toBe("n2");
  expect(last(without(two, "n2"), "ann")).toBe("n1");
  expect(last(without(without(two, "n2"), "n1"), "ann")).toBeNull();
});

it("a note that is submitted again is on top, once", () => {
  const again = put(put(put(NOTHING, "ann", "n1"), "ann", "n2"), "ann", "n1");
  expect(again.noteIds).toEqual(["n2", "n1"]);
});

it("what another person submitted at the same screen is nobody else's", () => {
  const anns = put(NOTHING, "ann", "n1");
  expect(last(anns, "bob")).toBeNull();
  expect(put(anns, "bob", "n2")).toEqual({ by: "bob", noteIds: ["n2"] });
});

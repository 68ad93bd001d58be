import { describe, expect, it } from "vitest";
import { DISEASE, TREATMENT, entityOf } from "../note/values";
import * as E from "./editor";
import { wish, type Press } from "./keys";

const press = (key: string, held: Partial<Press> = {}): Press => ({ key, code: "", ctrl: false, shift: false, alt: false, ...held });

const NOTE = "He takes aspirin daily for chest pain.";
const ENTITIES = [
  entityOf({ id: "t", start: 9, end: 16, text: "aspirin", type: TREATMENT, assertion: "present" }, 1),
  entityOf({ id: "d", start: 27, end: 37, text: "chest pain", type: DISEASE, assertion: "present" }, 2),
];

function typed(...presses: Press[]): E.Editor {
  return presses.reduce((editor, one) => {
    const asked = wish(one, editor.mode.kind);
    return asked && "change" in asked ? asked.change(editor) : editor;
  }, E.open(NOTE, { entities: ENTITIES, relations: [] }, null));
}

describe("the keys", () => {
  it("judge, go about and undo", () => {
    expect(typed(press("Enter"), press("x")).draft.judged).toEqual({ t: "accepted", d: "rejected" });
    expect(typed(press("a"), press("a"), press("z")).draft.judged).toEqual({ t: "accepted" });
    expect(typed(press("a"), press("z"), press("Z", { shift: true })).draft.judged).toEqual({ t: "accepted" });
    expect(typed(press("j")).selected).toBe("d");
    expect(typed(press("ArrowDown"), press("k")).selected).toBe("t");
  });

  it("give each status its number", () => {
    const got = ["1", "2", "3", "4", "5", "6"].map((key) => E.entity(typed(press(key)), "t")?.assertion);
    expect(got).toEqual(["present", "negated", "possible", "hypothetical", "historical", "family"]);
  });

  it("move boundaries out, with Alt back in, with Shift by a character", () => {
    const text = (...presses: Press[]) => E.entity(typed(...presses), "t")?.text;
    expect(text(press("["))).toBe("takes aspirin");
    expect(text(press("["), press("[", { alt: true }))).toBe("aspirin");
    expect(text(press("]"))).toBe("aspirin daily");
    expect(text(press("}", { shift: true }))).toBe("aspirin d");
    expect(text(press("“", { alt: true, code: "BracketRight" }))).toBe("aspirin");
    // AltGr+8 writes [ on many European keyboards, and browsers report Ctrl and Alt with it.
    expect(text(press("[", { ctrl: true, alt: true }))).toBe("takes aspirin");
  });

  it("link by keyboard alone", () => {
    const editor = typed(press("l"), press("2"), press("Enter"));
    expect(editor.draft.relations).toEqual([{ type: "PREVENTS", head: "t", tail: "d", score: 1 }]);
    expect(editor.draft.judged).toEqual({});
  });

  it("leave a mode with Escape, and nothing else with it", () => {
    expect(typed(press("l"), press("Escape")).mode.kind).toBe("read");
    expect(wish(press("Escape"), "read")).toBeNull();
  });

  it("ask the page to submit in every mode, and only with Ctrl", () => {
    for (const mode of ["read", "add", "code", "link"] as const) {
      expect(wish(press("Enter", { ctrl: true }), mode)).toEqual({ page: "submit" });
    }
    expect(wish(press("Enter"), "code")).toBeNull();
  });

  it("reopen with Shift alone, and not out of something that was begun", () => {
    expect(wish(press("R", { shift: true }), "read")).toEqual({ page: "reopen" });
    expect(wish(press("r"), "read")).toBeNull();
    expect(wish(press("R", { shift: true, ctrl: true }), "read")).toBeNull(); // loads the page anew
    for (const mode of ["add", "code", "link"] as const) expect(wish(press("R", { shift: true }), mode)).toBeNull();
  });

  it("leave the browser its own", () => {
    expect(wish(press("c", { ctrl: true }), "read")).toBeNull();
    expect(wish(press("ArrowLeft", { alt: true }), "read")).toBeNull();
    expect(wish(press("Tab"), "read")).toBeNull();
  });
});

import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { add, open, restatus, select } from "../review/editor";
import { NoteText } from "./NoteText";
import { Points } from "./points";
import { DISEASE, entityOf } from "./values";
import { because } from "./why";

const NOTE = "🫁 She denies fever\n  and chills, cough was  ruled\nout.";
const points = new Points(NOTE);
const at = (words: string) => ({ start: [...NOTE.slice(0, NOTE.indexOf(words))].length, end: [...NOTE.slice(0, NOTE.indexOf(words) + words.length)].length });
const fever = entityOf({ id: "f", ...at("fever"), text: "fever", type: DISEASE, assertion: "negated", triggers: [at("denies")] }, 1);
const cough = entityOf({ id: "c", ...at("cough"), text: "cough", type: DISEASE, assertion: "negated", triggers: [at("denies"), at("ruled\nout")] }, 2);

describe("why an entity has its status", () => {
  it("is told in the words of the note, on one line", () => {
    expect(because(fever, points)).toBe("by “denies”");
    expect(because(cough, points)).toBe("by “denies” and “ruled out”");
  });

  it("is not told where nothing is known of it", () => {
    expect(because({ ...fever, triggers: [] }, points)).toBe("");
    expect(entityOf({ id: "x" }, 1).triggers).toEqual([]);
  });

  it("goes with the status that it is of, and comes back with it", () => {
    const editor = select(open(NOTE, { entities: [fever], relations: [] }, null), "f");
    const changed = restatus(editor, "possible");
    const triggers = (e: typeof editor) => e.draft.entities[0]!.triggers;
    expect(triggers(changed)).toEqual([]);
    expect(triggers(restatus(changed, "negated"))).toEqual([at("denies")]);
    expect(triggers(restatus(editor, "negated"))).toEqual([at("denies")]);
    expect(add(editor, at("cough"), DISEASE).draft.entities.at(-1)!.triggers).toEqual([]);
  });

  it("is underlaid in the text, beside entities and inside them", () => {
    const html = renderToStaticMarkup(createElement(NoteText, { points, marks: [fever, cough], cues: [at("denies"), { start: at("fever").start, end: at("fever").start + 2 }], selected: null, label: "the note" }));
    const cues = [...html.matchAll(/<(span|mark)[^>]*data-cue="true"[^>]*>([^<]*)</g)].map(([, tag, text]) => [tag, text]);
    expect(cues).toEqual([["span", "denies"], ["mark", "fe"]]);
    expect(html.replaceAll(/<[^>]*>/g, "")).toBe(NOTE);
    expect(renderToStaticMarkup(createElement(NoteText, { points, marks: [fever], selected: null, label: "the note" }))).not.toContain("data-cue");
  });
});

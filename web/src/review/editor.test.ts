import { describe, expect, it } from "vitest";
import { DISEASE, TREATMENT, entityOf, type Entity } from "../note/values";
import * as E from "./editor";
import { submission, summary } from "./summary";

// Of Node, whose types are not among ours.
declare const process: { cpuUsage(since?: { user: number; system: number }): { user: number; system: number } };

const TEXT = "Severe asthma: salbutamol helps. No fever. 🫁 Mild cough today.";

function suggested(part: string, type: string, id: string, assertion = "present"): Entity {
  const start = [...TEXT.slice(0, TEXT.indexOf(part))].length;
  return entityOf({ id, start, end: start + [...part].length, text: part, type, assertion, score: 0.8 }, 1);
}

const SUGGESTION = {
  entities: [
    suggested("asthma", DISEASE, "e1"),
    suggested("salbutamol", TREATMENT, "e2"),
    suggested("fever", DISEASE, "e3", "negated"),
    suggested("cough", DISEASE, "e4"),
  ],
  relations: [{ type: "TREATS", head: "e2", tail: "e1", score: 0.9 }],
};

const opened = () => E.open(TEXT, SUGGESTION, null);
const at = (editor: E.Editor, id: string) => E.select(editor, id);
const apply = (editor: E.Editor, ...steps: ((editor: E.Editor) => E.Editor)[]) => steps.reduce((e, step) => step(e), editor);

describe("opening", () => {
  it("selects the first that nobody judged", () => {
    expect(opened().selected).toBe("e1");
    const draft = { ...SUGGESTION, judged: { e1: "accepted" as const } };
    expect(E.open(TEXT, SUGGESTION, draft).selected).toBe("e2");
  });

  it("shows what was rejected when what was submitted comes back, and lets it be taken back with its link", () => {
    const submitted = submission(apply(at(opened(), "e1"), E.reject, (e) => at(e, "e4"), E.accept, (e) => at(e, "e3"), E.accept, (e) => at(e, "e2"), E.accept).draft);
    expect(submitted.relations).toEqual([]);
    const again = E.open(TEXT, SUGGESTION, submitted);
    expect(again.draft.entities.map((e) => e.id)).toEqual(["e1", "e2", "e3", "e4"]);
    expect(submission(again.draft)).toEqual(submitted);
    expect(submission(E.reject(at(again, "e1")).draft).relations).toEqual(SUGGESTION.relations);
    expect(E.unjudged(again)).toEqual([]);
  });

  it("shows nothing where the review is blind", () => {
    const editor = E.open(TEXT, null, null);
    expect(editor.draft.entities).toEqual([]);
    expect(E.accept(editor).said).toBe("Nothing is selected.");
  });
});

describe("judging", () => {
  it("accepts and goes on to the next that is not judged, to the end and around", () => {
    const editor = apply(at(opened(), "e3"), E.accept, E.accept);
    expect(editor.draft.judged).toEqual({ e3: "accepted", e4: "accepted" });
    expect(editor.selected).toBe("e1");
  });

  it("stays where it is when all is judged, and says so", () => {
    const editor = apply(opened(), E.accept, E.accept, E.accept, E.accept);
    expect(E.unjudged(editor)).toEqual([]);
    expect(editor.selected).toBe("e4");
    expect(E.goToUnjudged(editor).said).toMatch(/Everything is judged/);
  });

  it("takes a rejection back by rejecting again", () => {
    const rejected = E.reject(at(opened(), "e3"));
    expect(E.kept(rejected.draft).map((e) => e.id)).toEqual(["e1", "e2", "e4"]);
    const back = E.reject(at(rejected, "e3"));
    expect(back.draft.judged.e3).toBe("accepted");
  });

  it("calls a change that is changed back accepted", () => {
    const edited = E.restatus(at(opened(), "e3"), "present");
    expect(edited.draft.judged.e3).toBe("edited");
    expect(E.restatus(edited, "negated").draft.judged.e3).toBe("accepted");
  });

  it("drops links that no longer go from a treatment to a disease", () => {
    const editor = E.retype(at(opened(), "e2"), DISEASE);
    expect(editor.draft.relations).toEqual([]);
    expect(E.undo(editor).draft.relations).toHaveLength(1);
  });
});

describe("undo and redo", () => {
  it("restore the draft and what was selected", () => {
    const before = at(opened(), "e3");
    const after = E.reject(before);
    const undone = E.undo(after);
    expect(undone.draft).toEqual(before.draft);
    expect(undone.selected).toBe("e3");
    expect(E.redo(undone).draft).toEqual(after.draft);
  });

  it("end where there is nothing more, and a new change forgets what could be redone", () => {
    expect(E.undo(opened()).said).toBe("Nothing to undo.");
    const editor = apply(opened(), E.accept, E.undo, E.reject);
    expect(E.redo(editor).said).toBe("Nothing to redo.");
  });

  it("walk back through a long way of mixed changes to the beginning", () => {
    let editor = opened();
    const ways = [E.accept, E.reject, (e: E.Editor) => E.retype(e, TREATMENT), (e: E.Editor) => E.restatus(e, "possible"), E.goToUnjudged];
    for (let i = 0; i < 60; i++) editor = ways[(i * 7) % ways.length]!(E.step(editor, i % 3 ? 1 : -1));
    while (editor.past.length) editor = E.undo(editor);
    expect(editor.draft).toEqual(opened().draft);
  });
});

describe("boundaries", () => {
  const word = (edge: "start" | "end", direction: 1 | -1): E.Move => ({ edge, direction, by: "word" });

  it("move by a word, over marks that are no words", () => {
    const wider = E.move(at(opened(), "e1"), word("start", -1));
    expect(E.entity(wider, "e1")).toMatchObject({ start: 0, text: "Severe asthma" });
    expect(wider.draft.judged.e1).toBe("edited");
    expect(E.entity(E.move(wider, word("start", 1)), "e1")).toMatchObject({ text: "asthma" });
  });

  it("move by a character and never end in white space", () => {
    const editor = E.move(at(opened(), "e4"), { edge: "end", direction: 1, by: "character" });
    expect(E.entity(editor, "e4")?.text).toBe("cough t");
  });

  it("count code points, not the pairs of JavaScript", () => {
    const editor = E.move(at(opened(), "e4"), word("start", -1));
    const cough = E.entity(editor, "e4")!;
    expect(cough.text).toBe("Mild cough");
    expect([...TEXT].slice(cough.start, cough.end).join("")).toBe("Mild cough");
    const lungs = E.move(editor, word("start", -1));
    expect(E.entity(lungs, "e4")?.text).toBe("🫁 Mild cough");
  });

  it("stop at the next entity, at the ends of the note, and before nothing is left", () => {
    const apart = apply(at(opened(), "e1"), (e) => E.move(e, word("end", 1)), (e) => E.move(e, word("end", 1)));
    expect(apart.said).toMatch(/never overlap/);
    expect(E.entity(apart, "e1")?.text).toBe("asthma:");
    const edge = apply(at(opened(), "e1"), (e) => E.move(e, word("start", -1)), (e) => E.move(e, word("start", -1)));
    expect(edge.said).toMatch(/note ends/);
    expect(E.move(at(opened(), "e1"), word("end", -1)).said).toMatch(/at least one character/);
  });

  it("pass over what was rejected", () => {
    const editor = apply(at(opened(), "e2"), E.reject, (e) => at(e, "e1"), (e) => E.move(e, word("end", 1)), (e) => E.move(e, word("end", 1)));
    expect(E.entity(editor, "e1")?.text).toBe("asthma: salbutamol");
    expect(E.reject(at(editor, "e2")).said).toMatch(/never overlap/);
  });
});

describe("adding", () => {
  const span = (part: string) => {
    const start = [...TEXT.slice(0, TEXT.indexOf(part))].length;
    return { start, end: start + [...part].length };
  };

  it("makes an entity of a selection, trimmed, in reading order and judged", () => {
    const editor = E.add(opened(), span(" helps"), TREATMENT);
    expect(E.entity(editor, editor.selected)).toMatchObject({ id: "n1", text: "helps", type: TREATMENT, assertion: "present" });
    expect(editor.draft.entities.map((e) => e.id)).toEqual(["e1", "e2", "n1", "e3", "e4"]);
    expect(editor.draft.judged.n1).toBe("added");
  });

  it("removes what was added when it is rejected, with its links", () => {
    const added = E.add(opened(), span("helps"), TREATMENT);
    const linked = apply(added, E.startLinking, (e) => E.toggleLink(e, "e1"));
    expect(linked.draft.relations).toHaveLength(2);
    const gone = E.reject(linked);
    expect(E.entity(gone, "n1")).toBeUndefined();
    expect(gone.draft.judged).toEqual({});
    expect(gone.draft.relations).toHaveLength(1);
  });

  it("moves the boundaries of the selected entity when the selection covers that one alone", () => {
    const editor = E.add(at(opened(), "e4"), span("Mild cough"), DISEASE);
    expect(E.entity(editor, "e4")?.text).toBe("Mild cough");
    expect(editor.draft.entities).toHaveLength(4);
  });

  it("refuses what overlaps another, and white space", () => {
    const over = E.add(at(opened(), "e1"), span("Mild cough"), DISEASE);
    expect(over.said).toMatch(/stands there already/);
    expect(over.selected).toBe("e4");
    expect(E.add(opened(), { start: 6, end: 7 }, DISEASE).said).toMatch(/white space/);
  });
});

describe("linking", () => {
  it("offers the nearest of the other type first and goes on in reading order", () => {
    const editor = E.startLinking(at(opened(), "e2"));
    expect(editor.mode).toMatchObject({ kind: "link", target: "e1" });
    expect(E.step(editor, 1).mode).toMatchObject({ target: "e3" });
    expect(E.step(editor, 1).selected).toBe("e2");
  });

  it("goes from the treatment to the disease, whichever was first", () => {
    const editor = apply(at(opened(), "e4"), E.startLinking, (e) => E.toggleLink(e, "e2"));
    expect(editor.draft.relations).toContainEqual({ type: "TREATS", head: "e2", tail: "e4", score: 1 });
    expect(editor.mode.kind).toBe("read");
  });

  it("takes the same link away and changes the kind of another", () => {
    const start = E.startLinking(at(opened(), "e2"));
    expect(E.toggleLink(start, "e1").draft.relations).toEqual([]);
    const causes = E.toggleLink(E.linkAs(start, "CAUSES"), "e1");
    expect(causes.draft.relations).toEqual([{ type: "CAUSES", head: "e2", tail: "e1", score: 1 }]);
  });

  it("refuses a link between two of a kind, and one to what was rejected", () => {
    expect(E.toggleLink(E.startLinking(at(opened(), "e1")), "e4").said).toMatch(/from a treatment to a disease/);
    const rejected = apply(at(opened(), "e2"), E.reject, (e) => at(e, "e1"), E.startLinking);
    expect(rejected.said).toMatch(/No treatment/);
  });
});

describe("what is handed in", () => {
  it("leaves out what was rejected and its links, and says how each was judged", () => {
    const editor = apply(at(opened(), "e2"), E.reject, (e) => at(e, "e1"), E.accept);
    const given = submission(editor.draft);
    expect(given.entities.map((e) => e.id)).toEqual(["e1", "e3", "e4"]);
    expect(given.relations).toEqual([]);
    expect(given.judged).toEqual({ e1: "accepted", e2: "rejected" });
  });

  it("is summed up by kind of change", () => {
    const editor = apply(
      at(opened(), "e1"),
      (e) => E.move(e, { edge: "start", direction: -1, by: "word" }),
      (e) => E.restatus(at(e, "e4"), "possible"),
      (e) => E.reject(at(e, "e2")),
      (e) => E.add(e, { start: 26, end: 31 }, TREATMENT),
    );
    expect(summary(editor)).toMatchObject({ unjudged: 1, accepted: 0, rejected: 1, added: 1, rebounded: 1, restatused: 1, retyped: 0, linked: 0, unlinked: 1 });
  });

  it("a note of 400 entities is changed in a moment", () => {
    const text = "asthma. ".repeat(3200);
    const entities = Array.from({ length: 400 }, (_, i) => entityOf({ id: `e${i}`, start: i * 64, end: i * 64 + 6, text: "asthma", type: DISEASE }, i));
    const begun = process.cpuUsage();
    let editor = E.open(text, { entities, relations: [] }, null);
    for (let i = 0; i < 400; i++) editor = E.accept(editor);
    expect(E.unjudged(editor)).toEqual([]);
    const { user, system } = process.cpuUsage(begun); // what other programs do does not count
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});

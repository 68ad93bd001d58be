import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Points } from "../note/points";
import { DISEASE, entityOf } from "../note/values";
import type { Draft } from "./editor";
import { essence, forget, forgetSaved, keep, recall, type Shelf, type There } from "./keeping";
import { Saver, type Saving, type Sent } from "./saver";

const draft = (name: string): Draft => ({ entities: [], relations: [], judged: { [name]: "accepted" } });

function desk(...answers: Sent[]) {
  const sent: [string, number][] = [];
  const told: Saving[] = [];
  let kept: string | null = null;
  const name = (d: Draft) => Object.keys(d.judged)[0]!;
  const saver = new Saver(
    {
      send: async (d, version) => {
        sent.push([name(d), version]);
        await Promise.resolve();
        return answers.shift() ?? { version: version + 1 };
      },
      keep: (d) => (kept = name(d)),
      forget: () => (kept = null),
      tell: (saving) => told.push(saving),
    },
    1,
  );
  return { saver, sent, told, kept: () => kept };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the saver", () => {
  it("sends many quick changes once, with the last", async () => {
    const { saver, sent, told, kept } = desk();
    for (const name of ["a", "b", "c"]) saver.change(draft(name));
    expect(kept()).toBe("c");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([["c", 1]]);
    expect(told.at(-1)).toBe("saved");
    expect(kept()).toBeNull();
  });

  it("builds each change on the version that the server gave", async () => {
    const { saver, sent } = desk();
    saver.change(draft("a"));
    await vi.advanceTimersByTimeAsync(1_000);
    saver.change(draft("b"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent).toEqual([["a", 1], ["b", 2]]);
    expect(saver.seen).toBe(3);
  });

  it("keeps the draft while the server is away and sends it when it is back", async () => {
    const { saver, sent, told, kept } = desk("away", "away");
    saver.change(draft("a"));
    await vi.advanceTimersByTimeAsync(500);
    expect(told.at(-1)).toBe("away");
    expect(kept()).toBe("a");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(3);
    expect(told.at(-1)).toBe("saved");
  });

  it("never sends two at a time, and loses no change made meanwhile", async () => {
    const { saver, sent } = desk();
    saver.change(draft("a"));
    const first = saver.flush();
    saver.change(draft("b"));
    await first;
    expect(await saver.flush()).toBe(true);
    expect(sent).toEqual([["a", 1], ["b", 2]]);
  });

  it("sends the draft again that had no answer, since it may have been heard, and then what changed meanwhile", async () => {
    const { saver, sent, told, kept } = desk("away", "away");
    saver.change(draft("a"));
    await saver.flush();
    saver.change(draft("b"));
    await saver.flush();
    expect(kept()).toBe("b");
    expect(await saver.flush()).toBe(true);
    expect(sent).toEqual([["a", 1], ["a", 1], ["a", 1], ["b", 2]]);
    expect(told.at(-1)).toBe("saved");
    expect(kept()).toBeNull();
  });

  it("does not send again what was refused when there is something newer", async () => {
    const { saver, sent } = desk("refused");
    saver.change(draft("a"));
    expect(await saver.flush()).toBe(false);
    saver.change(draft("b"));
    expect(await saver.flush()).toBe(true);
    expect(sent).toEqual([["a", 1], ["b", 1]]);
  });

  it("stops at a conflict and keeps what it has here", async () => {
    const { saver, sent, told, kept } = desk("conflict");
    saver.change(draft("a"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told.at(-1)).toBe("conflict");
    expect(sent).toHaveLength(1);
    expect(kept()).toBe("a");
    expect(await saver.flush()).toBe(false);
  });
});

describe("what is kept on this computer", () => {
  const points = new Points("No fever 🫁 today.");
  const fever = entityOf({ id: "e1", start: 3, end: 8, text: "fever", type: DISEASE, section: "history", attributes: { dose: "2 mg" } }, 1);
  const full: Draft = { entities: [fever], relations: [], judged: { e1: "accepted" } };
  const shelf = (): Shelf & { all: Map<string, string> } => {
    const all = new Map<string, string>();
    return { all, get length() { return all.size; }, key: (i) => [...all.keys()][i] ?? null, getItem: (k) => all.get(k) ?? null, setItem: (k, v) => void all.set(k, v), removeItem: (k) => void all.delete(k) };
  };

  const at = (version: number, there: Draft | null = null, draftBy = "ada"): There => ({ version, draft: there, draftBy: there && draftBy });

  it("holds no word of the note and comes back whole", () => {
    const storage = shelf();
    keep(storage, "n_1", { by: "ada", version: 3, active_s: 12, draft: full });
    expect([...storage.all.values()].join()).not.toMatch(/fever|2 mg|history/);
    expect(recall(storage, "n_1", "ada", at(3), points, [fever])?.draft).toEqual(full);
  });

  it("says what a code is and never what it means, which is looked up when it comes back", () => {
    const storage = shelf();
    const code = (name: string, display: string) => ({ system: "ICD-10-CM", code: name, display, score: 0.5 });
    const coded = { ...fever, codes: [code("R50.9", "Fever, unspecified")] };
    const chosen = { ...fever, id: "e2", start: 12, end: 17, text: "today", section: null, attributes: {}, codes: [code("R50.9", "Fever, unspecified"), code("A00", "Cholera")] };
    keep(storage, "n_1", { by: "ada", version: 3, active_s: 12, draft: { ...full, entities: [coded, chosen] } });
    expect([...storage.all.values()].join()).not.toMatch(/Fever|Cholera|display/);
    const back = recall(storage, "n_1", "ada", at(3), points, [coded])!.draft.entities;
    expect(back[0]).toEqual(coded);
    expect(back[1]!.codes).toEqual([{ ...code("R50.9", "Fever, unspecified"), score: 1 }, { ...code("A00", "A00"), score: 1 }]);
  });

  it("is cleared at log-out where the server has it, and nowhere else", async () => {
    const storage = shelf();
    const other: Draft = { ...full, judged: { e1: "rejected" } };
    const server: Record<string, Draft> = { n_saved: { ...full, judged: { ...full.judged } }, n_behind: other, n_bobs: full };
    for (const id of ["n_saved", "n_behind", "n_none", "n_away"]) keep(storage, id, { by: "ada", version: 3, active_s: 1, draft: full });
    keep(storage, "n_bobs", { by: "bob", version: 3, active_s: 1, draft: full });
    storage.setItem("behealthy.draft.n_odd", "{not json");
    storage.setItem("theme", "dark");
    const asked: string[] = [];
    await forgetSaved(storage, "ada", async (id) => {
      asked.push(id);
      if (id === "n_away") throw new Error("away");
      return server[id] ?? null;
    });
    expect(asked).toEqual(["n_saved", "n_behind", "n_none", "n_away"]);
    const left = ["n_behind", "n_none", "n_away", "n_bobs", "n_odd"].map((id) => `behealthy.draft.${id}`);
    expect([...storage.all.keys()]).toEqual([...left, "theme"]);
  });

  it("is not cleared when it changed while the server was asked", async () => {
    const storage = shelf();
    keep(storage, "n_1", { by: "ada", version: 3, active_s: 1, draft: full });
    await forgetSaved(storage, "ada", async () => {
      keep(storage, "n_1", { by: "ada", version: 4, active_s: 2, draft: { ...full, judged: {} } });
      return full;
    });
    expect(storage.all.size).toBe(1);
  });

  it("is given to its owner alone, and not over what the server saved since", () => {
    const storage = shelf();
    keep(storage, "n_1", { by: "ada", version: 3, active_s: 12, draft: full });
    expect(recall(storage, "n_1", "bob", at(3), points, [])).toBeNull();
    expect(recall(storage, "n_1", "ada", at(4), points, [])).toBeNull();
    expect(recall(storage, "n_2", "ada", at(3), points, [])).toBeNull();
    forget(storage, "n_1");
    expect(recall(storage, "n_1", "ada", at(3), points, [])).toBeNull();
  });

  it("goes on from a saving that was heard and never answered, and from no other", () => {
    const storage = shelf();
    const newer: Draft = { ...full, judged: { e1: "rejected" } };
    keep(storage, "n_1", { by: "ada", version: 3, active_s: 12, draft: newer, unanswered: essence(full) });
    expect([...storage.all.values()].join()).not.toMatch(/fever|2 mg|history/);
    expect(recall(storage, "n_1", "ada", at(4, full), points, [fever])?.draft).toEqual(newer);
    expect(recall(storage, "n_1", "ada", at(4, full, "bob"), points, [fever])).toBeNull();
    expect(recall(storage, "n_1", "ada", at(4, newer), points, [fever])).toBeNull();
    expect(recall(storage, "n_1", "ada", at(5, full), points, [fever])).toBeNull();
  });

  it("that is no draft is left alone, and a shelf that is full is no fault", () => {
    const storage = shelf();
    storage.setItem("behealthy.draft.n_1", "{not json");
    expect(recall(storage, "n_1", "ada", at(3), points, [])).toBeNull();
    const full_shelf = { ...storage, setItem: () => { throw new Error("quota"); } };
    expect(() => keep(full_shelf, "n_1", { by: "ada", version: 1, active_s: 0, draft: full })).not.toThrow();
  });
});

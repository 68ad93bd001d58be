import { describe, expect, it } from "vitest";
import type { Wire } from "../api/client";
import { eventsOf, performanceLines, signalLines } from "./lines";

const window = (number: number, compared: boolean) => ({
  number,
  begins_at: `2026-03-0${number}T08:00:00Z`,
  ends_at: `2026-03-0${number}T18:00:00Z`,
  signals: compared ? { length: { band: [90, 110] } } : {},
  performance: {},
});

const drift = {
  windows: [window(1, false), window(2, true), window(3, true)],
  signals: [
    {
      name: "length",
      unit: "words",
      reference: 100,
      threshold: 80,
      points: [
        { window: 2, value: 99, low: 95, high: 103, moved: false },
        { window: 3, value: 60, low: 55, high: 65, moved: true },
      ],
    },
  ],
  releases: [],
  alerts: [{ at: "2026-03-03T18:00:01Z", title: "The notes have changed" }],
} as unknown as Wire["Drift"];

describe("lines", () => {
  it("give every chart one axis, also where the first window had nothing to be compared with", () => {
    const [line] = signalLines(drift);
    expect(line!.points.map((p) => [p.window, p.value])).toEqual([[1, null], [2, 99], [3, 60]]);
    expect(line!.bands).toEqual([null, [90, 110], [90, 110]]);
  });

  it("leave out what an audit of a handful of notes came to", () => {
    const audited = { value: 0, low: 0, high: 0 };
    const windows = [false, true].map((audit_tells, i) => ({ ...window(i + 1, true), performance: { audited, audit_tells } }));
    const [line] = performanceLines({ ...drift, windows } as unknown as Wire["Drift"]);
    expect(line!.points.map((p) => p.value)).toEqual([null, 0]);
  });

  it("place what happened inside of it", () => {
    const [alert] = eventsOf(drift);
    expect(alert!.at).toBe(2);
    expect(alert!.at).toBeLessThan(signalLines(drift)[0]!.points.length);
  });
});

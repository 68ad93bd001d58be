// From what the watch tells to the lines and events of its charts.
import type { Wire } from "../api/client";
import { capital, spoken } from "../parts/words";
import type { Event, Line, Point } from "./SignalChart";

type Drift = Wire["Drift"];

const TITLES: Record<string, string> = {
  length: "Length of a note",
  unknown_words: "Words the model never saw",
  dictionary: "Words of the dictionary",
  sections: "Mix of sections, distance",
  characters: "Mix of characters, distance",
  unreadable: "Text that no person wrote",
  vocabulary: "Told apart from the reference",
  assertions: "Mix of statuses, distance",
  confidence: "How sure the model is",
};

const title = (name: string): string => {
  const [kind, type] = name.split(":");
  return TITLES[name] ?? (type ? `${capital(type.toLowerCase())}: ${spoken(kind ?? "")}` : capital(spoken(name)));
};

const PERFORMANCE = [
  ["estimated", "F1, estimated", "F1"],
  ["audited", "F1 on the audit sample", "F1"],
  ["edit_rate", "Edits by reviewers", "of entities"],
] as const;

type Figure = { value?: number; low?: number; high?: number } | null | undefined;

const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** F1 and edits over the windows, against what was promised. */
export function performanceLines(drift: Drift): Line[] {
  return PERFORMANCE.flatMap(([name, title_, unit]) => {
    const points = drift.windows.map((w): Point => {
      // An audit of a handful of notes is no figure; the watch says when it is.
      const few = name === "audited" && w.performance["audit_tells"] === false;
      const figure = few ? null : (w.performance[name] as Figure);
      return { window: w.number, value: number(figure?.value), low: number(figure?.low), high: number(figure?.high), moved: false };
    });
    if (points.every((p) => p.value === null)) return [];
    const promised = name === "edit_rate" ? null : number((drift.windows.at(-1)?.performance.promised as Figure)?.value);
    return [{ name, title: title_, unit, reference: promised, threshold: null, bands: [], points }];
  });
}

/** Every signal over the windows, those that moved in the newest one first. */
export function signalLines(drift: Drift): Line[] {
  const lines = drift.signals.map((signal): Line => ({
    name: signal.name,
    title: title(signal.name),
    unit: signal.unit,
    reference: signal.reference,
    threshold: signal.threshold,
    bands: drift.windows.map((w) => bandOf(w, signal.name)),
    // A point for every window, so that all charts have one axis, on which what happened has its place.
    points: drift.windows.map((w) => signal.points.find((p) => p.window === w.number) ?? { window: w.number, value: null, low: null, high: null, moved: false }),
  }));
  const moved = (line: Line) => (line.points.at(-1)?.moved ? 0 : line.points.some((p) => p.moved) ? 1 : 2);
  return lines.sort((a, b) => moved(a) - moved(b));
}

function bandOf(window: Wire["Window"], name: string): readonly [number, number] | null {
  const signal = window.signals[name] as { band?: unknown } | undefined;
  const band = signal?.band;
  // A distance has no lower bound that could be crossed.
  return Array.isArray(band) && typeof band[1] === "number" ? [typeof band[0] === "number" ? band[0] : 0, band[1]] : null;
}

/** Releases and alerts, placed among the windows by their time. */
export function eventsOf(drift: Drift): Event[] {
  const ends = drift.windows.map((w) => Date.parse(w.ends_at));
  const first = Date.parse(drift.windows[0]?.begins_at ?? "");
  const place = (at: string): number | null => {
    const time = Date.parse(at);
    if (!ends.length || time < first) return null;
    const next = ends.findIndex((end) => end >= time);
    return next < 0 ? ends.length - 1 : Math.max(0, next - 0.5);
  };
  const events = [
    ...drift.releases.map((r) => ({ kind: "release" as const, at: place(r.at), says: `${r.action} ${r.version}` })),
    ...drift.alerts.map((a) => ({ kind: "alert" as const, at: place(a.at), says: a.title })),
  ];
  return events.filter((e): e is Event => e.at !== null);
}

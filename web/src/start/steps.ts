// The steps of the tour, and what is to be done once; both as plain values.
import type { PageOf } from "../app/pages";
import type { Wire } from "../api/client";

export interface TourStep {
  to: PageOf["to"];
  title: string;
  says: string;
  tries: string;
}

export const TOUR: readonly TourStep[] = [
  {
    to: "/extract",
    title: "A note becomes a table",
    says: "Every disease with its status and its code, every treatment beside the disease that it is given for. Nothing is kept unless you send it to review.",
    tries: "Try a note beside Try, then point at a coloured word: its card says how sure the model is, and which words gave the status.",
  },
  {
    to: "/review",
    title: "People correct what the model found",
    says: "Notes wait here, the most uncertain first. A review takes a minute and no mouse; what is submitted teaches the next model and measures this one.",
    tries: "Review next opens one; ? shows the keys at any time. Leave gives it back.",
  },
  {
    to: "/watch",
    title: "The system watches itself",
    says: "When notes change or the model gets worse, it says so here in a sentence, raises an alert, asks for labels, and trains anew when there is enough to learn from.",
    tries: "A line per signal, with its threshold drawn in. Alerts stay until somebody has acknowledged them.",
  },
  {
    to: "/models",
    title: "A better model must earn its place",
    says: "A candidate is held against what is served on notes that neither has seen. It takes over only when it passes every rule, and going back takes a second.",
    tries: "Choose two versions to compare them: by type, by section, and in sentences of our own.",
  },
];

/** The steps whose pages a person may open. */
export const tourOf = (pages: readonly Pick<PageOf, "to">[]): readonly TourStep[] => TOUR.filter((step) => pages.some((page) => page.to === step.to));

export type Done = Pick<Wire["FirstSteps"], "source" | "reviewer" | "alerts" | "baseline">;

export const left = (done: Done): number => [done.source, done.reviewer, done.alerts, done.baseline].filter((each) => !each).length;

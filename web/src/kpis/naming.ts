// What the work took before: the names of the machine, and what people call them.

export const BASELINES: Record<string, string> = {
  seconds_per_note: "Seconds to key in a note by hand",
  cost_per_hour: "Cost of an hour of data entry",
  trained_personnel_f1: "F1 of trained personnel",
  running_cost_per_month: "Cost of running the system for a month",
};

const NAMES = new RegExp(`\\b(${Object.keys(BASELINES).join("|")})\\b`, "g");

/** A formula or a sentence with the names that the fields of the page have. */
export const named = (text: string): string => text.replace(NAMES, (name) => `“${BASELINES[name]}”`).replaceAll(" x ", " × ");

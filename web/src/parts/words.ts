// Numbers and times in words, the same on every page.

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const MINUTE = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
const MOMENT = new Intl.DateTimeFormat(undefined, MINUTE);
const MOMENT_OF_YEAR = new Intl.DateTimeFormat(undefined, { ...MINUTE, year: "numeric" });
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const day = (at: string | null): string => (at ? DAY.format(new Date(at)) : "–");

/** A day and a time; of another year with that year, so that nothing old looks new. */
export function moment(at: string | null, now = new Date()): string {
  if (!at) return "–";
  const then = new Date(at);
  return (then.getFullYear() === now.getFullYear() ? MOMENT : MOMENT_OF_YEAR).format(then);
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function ago(at: string, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? AGO.format(Math.round(seconds / unit[1]), unit[0]) : "just now";
}

/** A share or F1 without the leading zero, as tables of results have it: .814 */
export function share(value: number | null | undefined, digits = 3): string {
  if (value == null) return "–";
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 ? "−" : ""}${text.startsWith("0.") ? text.slice(1) : text}`;
}

export function signed(value: number | null | undefined, digits = 3): string {
  if (value == null) return "–";
  return value > 0 ? `+${share(value, digits)}` : share(value, digits);
}

/** A number as short as it can be told, 12,300 or 0.042; `like` is the number whose digits it shall have. */
export function figure(value: number | null | undefined, like: number | null | undefined = value): string {
  if (value == null) return "–";
  const size = Math.abs(like ?? value);
  const digits = size >= 100 || Number.isInteger(like) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

const BOUNDED = new Set(["share", "AUC", "probability", "distance", "F1", "of entities"]); // never above 1

/** A number of a signal: what lies between 0 and 1 always with three digits, so that 1.000 stands beside .998. */
export function gauged(value: number | null | undefined, unit: string): string {
  return value != null && BOUNDED.has(unit) ? value.toFixed(3).replace("-", "−") : figure(value);
}

/** The labels of an axis, all with as many digits as the finest of them needs. */
export function axis(ticks: readonly number[]): string[] {
  const digits = Math.max(0, ...ticks.map((tick) => (String(tick).split(".")[1] ?? "").length));
  return ticks.map((tick) => tick.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−"));
}

export function bytes(value: number | null | undefined): string {
  if (value == null) return "–";
  const step = value < 1000 ? 0 : value < 1_000_000 ? 1 : 2;
  return `${figure(value / 1000 ** step)} ${["B", "kB", "MB"][step]}`;
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** A sentence of the machine with the signs that a page has: 0.2 -> 0.7 as 0.2 → 0.7, and a minus that is one. */
export const typeset = (text: string): string => text.replaceAll("->", "→").replace(/(?<![\w.)])-(?=\d)/g, "−");

/** A name of the machine in words: performance_breach → performance breach */
export const spoken = (name: string): string => name.replaceAll(/[_.:]/g, " ").trim();

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

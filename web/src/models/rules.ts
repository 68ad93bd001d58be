// The numbers of a rule of the gate, each in its own unit.
import type { Wire } from "../api/client";
import { figure, signed } from "../parts/words";

const COUNTS = new Set(["notes"]); // how many there are, not a difference
const WHOLE = new Set(["suite"]); // cases
const SHARES = new Set(["latency", "size"]); // of what it was before

/** A number of a rule: a count, a difference of cases, a change in per cent, or a difference of F1 and the like. */
export function measured(rule: Pick<Wire["Rule"], "name">, value: number | null): string {
  if (value === null) return "–";
  if (COUNTS.has(rule.name)) return figure(value);
  if (WHOLE.has(rule.name)) return signed(value, 0);
  if (SHARES.has(rule.name)) return `${signed(100 * value, 0)} %`;
  return signed(value);
}

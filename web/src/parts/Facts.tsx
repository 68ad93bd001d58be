// Facts of any shape, as a list of names and values: numbers as numbers, lists as lists.
import type { ReactNode } from "react";
import css from "./parts.module.css";
import { capital, figure, moment, spoken, typeset } from "./words";

export function Facts({ facts }: { facts: Record<string, unknown> }) {
  const told = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <dl className={css.facts}>
      {told.map(([name, value]) => (
        <Pair key={name} name={capital(spoken(name))}>{inWords(value)}</Pair>
      ))}
    </dl>
  );
}

export function Pair({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function inWords(value: unknown): string {
  if (typeof value === "number") return figure(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.map(inWords).join(", ") : "none";
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([name, inner]) => `${spoken(name)} ${inWords(inner)}`).join(", ") || "none";
  }
  return TIME.test(String(value)) ? moment(String(value)) : typeset(String(value));
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

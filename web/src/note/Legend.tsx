// What the colours and patterns of a note mean.
import css from "./note.module.css";

const SHOWN = [
  ["disease", undefined, "disease"],
  ["treatment", undefined, "treatment"],
  ["disease", "negated", "negated"],
  ["disease", "possible", "possible"],
  ["disease", "historical", "historical"],
  ["disease", "hypothetical", "hypothetical"],
  ["disease", "family", "of the"], // and the badge says the rest
] as const;

/** `types` alone where no status is drawn. */
export function Legend({ types = false }: { types?: boolean }) {
  return (
    <div className={css.legend} aria-label="legend">
      {SHOWN.slice(0, types ? 2 : undefined).map(([kind, status, word]) => (
        <mark key={word} className={css.mark} data-kind={kind} data-status={status} data-ends>{word}</mark>
      ))}
    </div>
  );
}

export function TypeName({ type }: { type: string }) {
  const kind = type === "DISEASE" ? "disease" : type === "TREATMENT" ? "treatment" : "other";
  return <span className={css.type} data-kind={kind}>{type.toLowerCase()}</span>;
}

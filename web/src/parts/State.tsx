// A state is always said three ways: colour, icon and word.
import { Icon, type IconName } from "./Icon";
import css from "./parts.module.css";

export type Tone = "ok" | "warning" | "drift" | "breach" | "quiet";

const TONES: Record<string, Tone> = {
  ok: "ok", passed: "ok", promote: "ok", done: "ok", replayed: "ok", submitted: "ok", approved: "ok", SUCCESS: "ok",
  warning: "warning", inconclusive: "warning", unknown: "warning", held: "warning", waiting: "warning", claimed: "warning",
  drift: "drift",
  performance_breach: "breach", failed: "breach", critical: "breach", ERROR: "breach",
};

const WORDS: Record<string, string> = {
  insufficient: "too few notes",
  performance_breach: "performance breach",
  keep: "keep the champion",
  promote: "promote",
};

export function State({ state, word }: { state: string; word?: string }) {
  const tone = TONES[state] ?? "quiet";
  return (
    <span className={css.state} data-tone={tone}>
      {state !== "alias" && <Icon name={tone satisfies IconName} size={14} />}
      {word ?? WORDS[state] ?? state.replaceAll("_", " ").toLowerCase()}
    </span>
  );
}

// A figure with its interval, as number and as a small bar on a scale from 0 to 1 that all rows share.
import type { Wire } from "../api/client";
import { share } from "../parts/words";
import css from "./models.module.css";

export function ScoreCell({ score, from = 0.3, to = 1 }: { score: Wire["Score"] | null; from?: number; to?: number }) {
  if (!score) return <span className="muted">not measured</span>;
  const at = (value: number) => `${(100 * (Math.min(Math.max(value, from), to) - from)) / (to - from)}%`;
  const range = score.low !== null && score.high !== null ? `${share(score.low)} – ${share(score.high)}` : null;
  return (
    <span className={css.score} title={range ? `95 % interval ${range}` : undefined}>
      <b className="numbers">{share(score.f1)}</b>
      <span className={css.scale} aria-hidden="true">
        {range && <i style={{ left: at(score.low!), right: `calc(100% - ${at(score.high!)})` }} />}
        <b style={{ left: at(score.f1) }} />
      </span>
      {range && <small className="numbers muted">{range}</small>}
    </span>
  );
}

export function Version({ version, number }: { version: string; number?: number | null }) {
  return (
    <span className={css.version}>
      <code>{version}</code>
      {number != null && <small className="muted numbers">registry no. {number}</small>}
    </span>
  );
}

/** When a version was trained; the one that came with the package is as old as the package. */
export function Trained({ model, say }: { model: Wire["Model"]; say: (at: string) => string }) {
  return <span className={css.trained}>{model.created_at ? say(model.created_at) : model.shipped ? "with the package" : "not known"}</span>;
}

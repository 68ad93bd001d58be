// One signal over the windows: its line, where chance alone would leave it, its reference, and what happened when.
import { axis, gauged } from "../parts/words";
import css from "./watch.module.css";

export interface Point {
  window: number;
  value: number | null;
  low: number | null;
  high: number | null;
  moved: boolean;
}

export interface Event {
  /** Place among the windows: 2.5 is between the third and the fourth. */
  at: number;
  kind: "release" | "alert";
  says: string;
}

export interface Line {
  name: string;
  title: string;
  unit: string;
  reference: number | null;
  threshold: number | null;
  /** For each point where it lies 99 times in 100 while nothing moved. */
  bands: (readonly [number, number] | null)[];
  points: readonly Point[];
}

const W = 320;
const H = 112;
const LEFT = 40;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 16;

export function SignalChart({ line, events }: { line: Line; events: readonly Event[] }) {
  const last = line.points.at(-1);
  const { x, y, ticks } = scales(line);
  const labels = axis(ticks);
  const path = line.points.map((p, i) => (p.value === null ? "" : `${i && line.points[i - 1]?.value != null ? "L" : "M"}${x(i)} ${y(p.value)}`)).join("");
  return (
    <figure className={css.chart} data-moved={last?.moved || undefined}>
      <figcaption>
        <strong>{line.title}</strong>
        <span className="numbers">{last?.value == null ? <small className="muted">none in this window</small> : <>{gauged(last.value, line.unit)} <small className="muted">{line.unit}</small></>}</span>
      </figcaption>
      <svg viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`${line.title} over the last ${line.points.length} windows; now ${gauged(last?.value, line.unit)} ${line.unit}`}>
        {ticks.map((tick, i) => (
          <g key={tick}>
            <line x1={LEFT} x2={W - RIGHT} y1={y(tick)} y2={y(tick)} className={css.grid} />
            <text x={LEFT - 6} y={y(tick) + 3} textAnchor="end">{labels[i]}</text>
          </g>
        ))}
        <path d={bandPath(line, x, y)} className={css.band} />
        {line.reference !== null && <line x1={LEFT} x2={W - RIGHT} y1={y(line.reference)} y2={y(line.reference)} className={css.reference} />}
        {line.threshold !== null && <line x1={LEFT} x2={W - RIGHT} y1={y(line.threshold)} y2={y(line.threshold)} className={css.threshold} />}
        {events.map((event, i) => (
          <g key={i} className={css.event} data-kind={event.kind}>
            <title>{event.says}</title>
            <line x1={x(event.at)} x2={x(event.at)} y1={TOP} y2={H - BOTTOM} />
            <path d={event.kind === "release" ? `M${x(event.at) - 4} ${TOP - 4}h8l-4 6z` : `M${x(event.at)} ${TOP - 5}l4 7h-8z`} />
          </g>
        ))}
        <path d={path} className={css.line} />
        {line.points.map((p, i) => p.value !== null && (
          <g key={p.window} className={css.point} data-moved={p.moved || undefined}>
            <title>{`Window ${p.window}: ${gauged(p.value, line.unit)} ${line.unit}${p.low !== null ? ` (${gauged(p.low, line.unit)} to ${gauged(p.high, line.unit)})` : ""}${p.moved ? ", moved" : ""}`}</title>
            {p.low !== null && p.high !== null && <line x1={x(i)} x2={x(i)} y1={y(p.low)} y2={y(p.high)} />}
            {p.moved ? <rect x={x(i) - 3.5} y={y(p.value) - 3.5} width={7} height={7} transform={`rotate(45 ${x(i)} ${y(p.value)})`} /> : <circle cx={x(i)} cy={y(p.value)} r={2.5} />}
          </g>
        ))}
        <text x={LEFT} y={H - 3}>{line.points[0] ? `window ${line.points[0].window}` : ""}</text>
        <text x={W - RIGHT} y={H - 3} textAnchor="end">{last && line.points.length > 1 ? `window ${last.window}` : ""}</text>
      </svg>
    </figure>
  );
}

function scales(line: Line) {
  const values = [
    ...line.points.flatMap((p) => [p.value, p.low, p.high]),
    ...line.bands.flatMap((band) => band ?? []),
    line.reference,
    line.threshold,
  ].filter((v): v is number => v !== null && Number.isFinite(v));
  const low = Math.min(...values, Infinity);
  const high = Math.max(...values, -Infinity);
  const room = high > low ? (high - low) * 0.12 : Math.abs(high || 1) * 0.1;
  const [from, to] = values.length ? [low >= 0 ? Math.max(0, low - room) : low - room, high + room] : [0, 1];
  const steps = Math.max(line.points.length - 1, 1);
  return {
    x: (i: number) => Number((LEFT + 8 + (i / steps) * (W - LEFT - RIGHT - 16)).toFixed(1)),
    y: (v: number) => Number((TOP + ((to - v) / (to - from)) * (H - TOP - BOTTOM)).toFixed(1)),
    ticks: round(from, to),
  };
}

/** Two to five round numbers inside a range. */
function round(from: number, to: number): number[] {
  const power = 10 ** Math.floor(Math.log10((to - from) / 3));
  const inside = (step: number) => {
    const first = Math.ceil(from / step);
    return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
  };
  return [10, 5, 2.5, 2, 1].map((m) => inside(m * power)).find((ticks) => ticks.length > 1) ?? [];
}

function bandPath(line: Line, x: (i: number) => number, y: (v: number) => number): string {
  const known = line.bands.flatMap((band, i) => (band ? [{ i, low: band[0], high: band[1] }] : []));
  const only = known[0];
  if (!only) return "";
  if (known.length === 1) return `M${LEFT} ${y(only.high)}H${W - RIGHT}V${y(only.low)}H${LEFT}Z`;
  const up = known.map(({ i, high }, n) => `${n ? "L" : "M"}${x(i)} ${y(high)}`);
  const down = known.toReversed().map(({ i, low }) => `L${x(i)} ${y(low)}`);
  return `${[...up, ...down].join("")}Z`;
}

// Whether it pays: eight numbers, each with how it was computed, fit to be printed for a meeting.
import { Button, Popover, SegmentedControl, UnstyledButton } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { useMay } from "../api/session";
import { Pair } from "../parts/Facts";
import { Icon } from "../parts/Icon";
import { Empty, Loaded, Page } from "../parts/Page";
import parts from "../parts/parts.module.css";
import { figure, moment, share } from "../parts/words";
import { Baselines } from "./Baselines";
import { named } from "./naming";
import { Rating } from "./Rating";
import css from "./kpis.module.css";

type Kpi = Wire["Kpi"];

export function KpisPage() {
  const may = useMay();
  const [days, setDays] = useState("30");
  const kpis = useQuery({ queryKey: ["kpis", days], placeholderData: keepPreviousData, queryFn: () => told(api.GET("/api/v1/kpis", { params: { query: { days: Number(days) } } })) });
  return (
    <Page
      title="KPIs"
      about={kpis.data ? `Computed from recorded facts of the last ${kpis.data.days} days, ${moment(kpis.data.at)}.` : "Computed from recorded facts."}
      actions={
        <>
          <SegmentedControl size="xs" value={days} onChange={setDays} data={[{ value: "7", label: "7 days" }, { value: "30", label: "30 days" }, { value: "90", label: "90 days" }, { value: "365", label: "a year" }]} aria-label="over which time" />
          <Button variant="default" leftSection={<Icon name="print" />} onClick={() => window.print()}>Print</Button>
        </>
      }
    >
      <Loaded query={kpis} lines={8}>
        {({ items }) => (items.length ? <div className={css.cards}>{items.map((kpi) => <KpiCard key={kpi.name} kpi={kpi} />)}</div> : <Empty title="No KPI is computed here." icon="kpis" />)}
      </Loaded>
      <div className={`${css.below} noprint`}>
        {may("kpis:rate") && <Rating />}
        <Baselines change={may("kpis:write")} />
      </div>
    </Page>
  );
}

/** What lacks, in words: "not enough data: 20 audited notes needed" as "Needs 20 audited notes." */
const lacking = (says: string): string => says.replace(/^not enough data: (.*) needed$/, "Needs $1.");

/** A value in its unit: F1 as tables have it, shares in per cent, the rest as short as it can be told. */
function inUnit(value: number | null, unit: string, like = value): string {
  if (unit.endsWith("F1")) return share(value);
  return unit === "share" ? percent(value) : figure(value, like);
}

const percent = (value: number | null): string => (value === null ? "–" : (100 * value).toFixed(1));

function KpiCard({ kpi }: { kpi: Kpi }) {
  const known = kpi.value !== null;
  return (
    <article className={css.card}>
      <header>
        <h2>{kpi.title}</h2>
        <Definition kpi={kpi} />
      </header>
      {known ? (
        <>
          <p className={css.value}><b className="numbers">{inUnit(kpi.value, kpi.unit)}</b> <span>{kpi.unit === "share" ? "%" : kpi.unit}</span></p>
          <p className={`${css.interval} numbers`}>{kpi.low !== null && kpi.high !== null && `95 % interval ${inUnit(kpi.low, kpi.unit, kpi.value)} – ${inUnit(kpi.high, kpi.unit, kpi.value)}`}</p>
          <Trend trend={kpi.trend} title={kpi.title} />
        </>
      ) : (
        <p className={css.lacking}>not enough data</p>
      )}
      {kpi.says && <p className={css.says}>{named(lacking(kpi.says))}</p>}
      <dl className={css.printed}>
        <Pair name="Formula">{named(kpi.formula)}</Pair>
        <Pair name="Source">{named(kpi.source)}</Pair>
      </dl>
    </article>
  );
}

function Definition({ kpi }: { kpi: Kpi }) {
  return (
    <Popover width={360} position="bottom-end" shadow="md" withArrow>
      <Popover.Target>
        <UnstyledButton className={`${css.info} noprint`} aria-label={`how “${kpi.title}” is computed`}><Icon name="info" /></UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown fz="sm">
        <dl className={parts.facts}>
          <Pair name="Formula">{named(kpi.formula)}</Pair>
          <Pair name="Window">{kpi.window}</Pair>
          <Pair name="Source">{named(kpi.source)}</Pair>
          {Object.entries(kpi.facts).map(([name, value]) => (
            <Pair key={name} name={name.replaceAll("_", " ")}><span className="numbers">{typeof value === "number" ? figure(value) : String(value)}</span></Pair>
          ))}
        </dl>
      </Popover.Dropdown>
    </Popover>
  );
}

const W = 240;
const H = 36;

function Trend({ trend, title }: { trend: readonly (number | null)[]; title: string }) {
  const known = trend.flatMap((value, i) => (value === null ? [] : [{ i, value }]));
  if (known.length < 2) return <div className={css.notrend}>no trend yet</div>;
  const values = known.map((p) => p.value);
  const low = Math.min(...values);
  const spread = Math.max(...values) - low || 1;
  const x = (i: number) => 3 + (i / Math.max(trend.length - 1, 1)) * (W - 6);
  const y = (value: number) => H - 4 - ((value - low) / spread) * (H - 8);
  const last = known.at(-1)!;
  return (
    <svg viewBox={`0 0 ${W} ${H}`} className={css.trend} role="img" aria-label={`trend of ${title}, from ${figure(values[0])} to ${figure(values.at(-1))}`}>
      <path d={known.map((p, n) => `${n && known[n - 1]!.i === p.i - 1 ? "L" : "M"}${x(p.i).toFixed(1)} ${y(p.value).toFixed(1)}`).join("")} />
      <circle cx={x(last.i)} cy={y(last.value)} r={3} />
    </svg>
  );
}

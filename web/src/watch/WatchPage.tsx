// Whether the notes are still those that the model knows: a sentence, the signals, what moved, what was done.
import { Button, SegmentedControl, Table } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { useMay } from "../api/session";
import { Facts } from "../parts/Facts";
import { Icon } from "../parts/Icon";
import { Card, Empty, Loaded, Page } from "../parts/Page";
import { sayDone } from "../parts/say";
import { State } from "../parts/State";
import { capital, figure, gauged, moment, plural, spoken, typeset } from "../parts/words";
import { Alerts } from "./Alerts";
import { eventsOf, performanceLines, signalLines } from "./lines";
import { System } from "./System";
import { SignalChart, type Event, type Line } from "./SignalChart";
import css from "./watch.module.css";

export function WatchPage() {
  const may = useMay();
  const drift = useQuery({ queryKey: ["drift"], queryFn: () => told(api.GET("/api/v1/drift")), refetchInterval: 30_000 });
  const check = useMutation({
    mutationFn: () => told(api.POST("/api/v1/drift:check")),
    onSuccess: () => {
      sayDone("The watch looks now; what it finds is here in a moment.");
      setTimeout(() => void queries.invalidateQueries({ queryKey: ["drift"] }), 3_000);
    },
  });
  return (
    <Page wide title="Watch" actions={may("monitor:write") && <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>Look now</Button>}>
      <Loaded query={drift} lines={8}>{(facts) => <Watched drift={facts} />}</Loaded>
    </Page>
  );
}

function Watched({ drift }: { drift: Wire["Drift"] }) {
  const [view, setView] = useState("charts");
  const { performance, signals, events } = useMemo(
    () => ({ performance: performanceLines(drift), signals: signalLines(drift), events: eventsOf(drift) }),
    [drift],
  );
  return (
    <>
      <section className={css.verdict} data-state={drift.state}>
        <State state={drift.state} />
        <p>{drift.sentence}</p>
        <small className="muted numbers">{drift.version} · {plural(drift.windows.filter((w) => w.model_version === drift.version).length, "window")} against {plural(drift.reference_notes, "note")} of reference</small>
      </section>
      {drift.windows.length === 0 ? (
        <Card><Empty title="No window is full yet." icon="watch">Each window is a fixed number of notes, compared with the notes that the model knows. Charts appear with the first.</Empty></Card>
      ) : (
        <>
          <div className={css.bar}>
            <Key />
            <SegmentedControl size="xs" value={view} onChange={setView} data={[{ value: "charts", label: "Charts" }, { value: "table", label: "Table" }]} aria-label="how the signals are shown" />
          </div>
          {view === "charts" ? (
            <>
              <Charts title="Performance" lines={performance} events={events} />
              <Charts title="Signals" lines={signals} events={events} />
            </>
          ) : (
            <SignalTable drift={drift} lines={[...performance, ...signals]} />
          )}
        </>
      )}
      <div className={css.below}>
        <Moved drift={drift} />
        <div className={css.stack}>
          <Alerts />
          <Decided decision={drift.decision} />
        </div>
      </div>
      <System />
    </>
  );
}

const ACTIONS: Record<string, string> = {
  nothing: "Nothing: it was written down",
  log: "Nothing: it was written down",
  alert: "An alert",
  label: "Notes are drawn to be labelled first",
  retrain: "A new model is trained",
  hold: "No training now",
};

/** The decision in words, its reasons as a list; what it rests on opens. */
function Decided({ decision }: { decision: Record<string, unknown> }) {
  const { action, reasons, facts, moved: _moved, ...rest } = decision;
  const inner = typeof facts === "object" && facts !== null ? (facts as Record<string, unknown>) : {};
  return (
    <Card title="What was decided" about="With the facts that it rests on.">
      {typeof action === "string" ? (
        <div className={css.decided}>
          <strong>{ACTIONS[action] ?? action}</strong>
          {Array.isArray(reasons) && <ul>{reasons.map((reason) => <li key={String(reason)}>{typeset(String(reason).replaceAll("_", " "))}</li>)}</ul>}
          <details>
            <summary>Facts</summary>
            <Facts facts={rest} />
            {Object.entries(inner).map(([name, value]) => (
              <section key={name}>
                <h3>{capital(spoken(name))}</h3>
                <Facts facts={typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : { [name]: value }} />
              </section>
            ))}
          </details>
        </div>
      ) : (
        <Empty title="Nothing yet.">The watch decides after each window: log it, raise an alert, draw notes for labels, or train.</Empty>
      )}
    </Card>
  );
}

function Charts({ title, lines, events }: { title: string; lines: readonly Line[]; events: readonly Event[] }) {
  if (!lines.length) return null;
  return (
    <section aria-label={title}>
      <h2 className={css.group}>{title}</h2>
      <div className={css.charts}>{lines.map((line) => <SignalChart key={line.name} line={line} events={events} />)}</div>
    </section>
  );
}

function Key() {
  return (
    <div className={css.key}>
      <span data-is="band">where chance leaves it</span>
      <span data-is="reference">reference</span>
      <span data-is="threshold">threshold</span>
      <span data-is="moved">◆ moved</span>
      <span data-is="release">▼ release</span>
      <span data-is="alert">▲ alert</span>
    </div>
  );
}

function SignalTable({ drift, lines }: { drift: Wire["Drift"]; lines: readonly Line[] }) {
  return (
    <Card flush>
      <Table stickyHeader={false} className={css.table}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Window</Table.Th><Table.Th>Until</Table.Th><Table.Th>State</Table.Th>
            {lines.map((line) => <Table.Th key={line.name} className="number">{line.title}<br /><small className="muted">{line.unit}</small></Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {drift.windows.toReversed().map((window) => (
            <Table.Tr key={window.number}>
              <Table.Td className="numbers">{window.number}</Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}>{moment(window.ends_at)}</Table.Td>
              <Table.Td><State state={window.state} /></Table.Td>
              {lines.map((line) => {
                const point = line.points.find((p) => p.window === window.number);
                return <Table.Td key={line.name} className="number" data-moved={point?.moved || undefined}>{point?.moved && "◆ "}{gauged(point?.value, line.unit)}</Table.Td>;
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Moved({ drift }: { drift: Wire["Drift"] }) {
  const changed = Array.isArray(drift.decision.moved) && drift.decision.moved.length > 0;
  const most = Math.max(1, ...drift.moved_terms.map((t) => Math.max(t.count, t.reference_count)));
  return (
    <Card title="Words that moved" about="How many notes have them, now and in the reference. Never the sentences around them.">
      {drift.moved_terms.length === 0 ? (
        changed ? (
          <Empty title="None that may be shown." icon="lock">The newest window differs, but its notes were only read and not stored, or too few of them share a word.</Empty>
        ) : (
          <Empty title="None." icon="ok">Words appear here when the newest window differs from the reference.</Empty>
        )
      ) : (
        <Table>
          <Table.Thead><Table.Tr><Table.Th>Word</Table.Th><Table.Th className="number">Now</Table.Th><Table.Th className="number">Before</Table.Th><Table.Th /></Table.Tr></Table.Thead>
          <Table.Tbody>
            {drift.moved_terms.map((term) => (
              <Table.Tr key={term.term}>
                <Table.Td>{term.term}</Table.Td>
                <Table.Td className="number">{figure(term.count)}</Table.Td>
                <Table.Td className="number">{figure(term.reference_count)}</Table.Td>
                <Table.Td w={120}><span className={css.two}><i style={{ width: `${(100 * term.count) / most}%` }} /><b style={{ width: `${(100 * term.reference_count) / most}%` }} /></span></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <p className={css.privacy}><Icon name="lock" size={14} />A word is shown only when several notes of several patients have it.</p>
    </Card>
  );
}

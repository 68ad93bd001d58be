// What the system demands of itself, and whether it keeps it: breaches first, as the server gives them.
import { Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, told, type Wire } from "../api/client";
import { Card, Empty, Loaded } from "../parts/Page";
import { State } from "../parts/State";
import { ago, figure, moment, spoken } from "../parts/words";
import css from "./watch.module.css";

export function System() {
  const system = useQuery({ queryKey: ["system"], queryFn: () => told(api.GET("/api/v1/system")), refetchInterval: 30_000 });
  return (
    <Card title="The system itself" flush about="Looked at every minute by application and worker, so that each sees when the other is gone.">
      <Loaded query={system}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Not looked at yet." icon="watch">Within a minute of the start it is said here what fails, waits too long or runs full.</Empty>
          ) : (
            <Table className={css.system}>
              <Table.Thead><Table.Tr><Table.Th>What</Table.Th><Table.Th className="number">Now</Table.Th><Table.Th className="number">Asked for</Table.Th><Table.Th>State</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((item) => (
                  <Table.Tr key={`${item.name}:${item.of}`}>
                    <Table.Td>{TITLES[item.name] ?? spoken(item.name)}{item.of && <> <span className="muted">{item.of}</span></>}</Table.Td>
                    <Table.Td className="number">{measured(item, item.value)}</Table.Td>
                    <Table.Td className="number">{item.floor ? "≥" : "≤"} {measured(item, item.bound)}</Table.Td>
                    <Table.Td title={`since ${moment(item.since)}; looked at ${ago(item.at)}`}><State {...stateOf(item)} /></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Loaded>
    </Card>
  );
}

const TITLES: Record<string, string> = {
  request_errors: "Requests that fail",
  reading_p95: "95 of 100 notes are read within",
  reading_p99: "99 of 100 notes are read within",
  held_records: "Records held",
  review_queue: "Notes that wait for review",
  review_oldest: "Longest wait for review",
  silence: "Not heard of",
  disk_free: "Room on the disk",
};

/** A number with its unit; large sizes and long times in a unit that a person reads at once. */
export function measured({ unit }: Pick<Wire["Objective"], "unit">, value: number | null): string {
  if (value === null) return "–";
  if (unit === "MB" && value >= 10_000) return `${figure(Math.round(value / 1000))} GB`;
  return `${figure(Math.abs(value) < 100 ? Math.round(10 * value) / 10 : value)} ${unit}`;
}

/** What nobody can tell is quiet, not a warning: before twenty requests there is no share that fails. */
function stateOf({ state, value }: Wire["Objective"]): { state: string; word?: string } {
  if (state === "breached") return { state: "critical", word: value === null ? "breached, not seen since" : "breached" };
  return state === "ok" ? { state } : { state: "insufficient", word: "too little to tell" };
}

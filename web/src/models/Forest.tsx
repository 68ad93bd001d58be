// A forest plot in a table: each difference a point with its interval, all on one scale, zero drawn in.
import { Table } from "@mantine/core";
import type { Wire } from "../api/client";
import { figure, share, signed } from "../parts/words";
import { groupName, inGroups } from "./groups";
import css from "./models.module.css";

const WIDTH = 240;
const HEIGHT = 20;

export function Forest({ differences }: { differences: readonly Wire["Difference"][] }) {
  const reach = Math.max(0.02, ...differences.flatMap((d) => [d.low, d.high, d.difference].map((v) => Math.abs(v ?? 0))));
  const scale = Math.min(Math.ceil(reach * 50) / 50, 1);
  return (
    <Table className={css.forest} aria-label="differences between the two models">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Notes and entities</Table.Th><Table.Th className="number">Left</Table.Th><Table.Th className="number">Right</Table.Th><Table.Th className="number">Difference</Table.Th>
          <Table.Th w={WIDTH + 24}><Axis scale={scale} /></Table.Th>
          <Table.Th className="number">Interval</Table.Th><Table.Th className="number">n</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {inGroups(differences).map((d) => (
          <Table.Tr key={d.name}>
            <Table.Td>{groupName(d.name)}</Table.Td>
            <Table.Td className="number">{share(d.left)}</Table.Td>
            <Table.Td className="number">{share(d.right)}</Table.Td>
            <Table.Td className="number"><b>{signed(d.difference)}</b></Table.Td>
            <Table.Td><Mark difference={d} scale={scale} /></Table.Td>
            <Table.Td className="number">{d.low !== null && d.high !== null ? `${signed(d.low)} … ${signed(d.high)}` : "–"}</Table.Td>
            <Table.Td className="number">{figure(d.n)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Axis({ scale }: { scale: number }) {
  return <span className={css.axis} style={{ width: WIDTH }}><span>{signed(-scale, 2)}</span><span>right is worse | better</span><span>{signed(scale, 2)}</span></span>;
}

function Mark({ difference: d, scale }: { difference: Wire["Difference"]; scale: number }) {
  const at = (value: number) => ((Math.min(Math.max(value, -scale), scale) + scale) / (2 * scale)) * WIDTH;
  const middle = HEIGHT / 2;
  const tone = d.low !== null && d.low > 0 ? "better" : d.high !== null && d.high < 0 ? "worse" : "same";
  return (
    <svg width={WIDTH} height={HEIGHT} className={css.mark} data-tone={tone} aria-hidden="true">
      <line x1={at(0)} x2={at(0)} y1={0} y2={HEIGHT} className={css.zero} />
      {d.low !== null && d.high !== null && <line x1={at(d.low)} x2={at(d.high)} y1={middle} y2={middle} className={css.span} />}
      {d.difference !== null && <rect x={at(d.difference) - 4} y={middle - 4} width={8} height={8} rx={1} />}
    </svg>
  );
}

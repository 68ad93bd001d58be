// Frozen choices of reviewed notes: their parts, their leaks, where they come from.
import { Button, Table } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { useMay } from "../api/session";
import { Facts } from "../parts/Facts";
import { Card, Empty, Loaded } from "../parts/Page";
import { sayDone } from "../parts/say";
import { figure, moment } from "../parts/words";
import css from "./data.module.css";

export function Datasets() {
  const may = useMay();
  const list = useQuery({ queryKey: ["datasets"], queryFn: async () => (await told(api.GET("/api/v1/datasets", { params: { query: { limit: 100 } } }))).items });
  const freeze = useMutation({
    mutationFn: () => told(api.POST("/api/v1/datasets")),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ["datasets"] });
      sayDone(`${figure(made.documents)} reviewed notes are frozen. The same notes again are the same dataset.`);
    },
  });
  return (
    <Card title="Datasets" about="Named by a hash of all that is in them; a model says which one it learned from." actions={may("trainings:write") && <Button variant="default" loading={freeze.isPending} onClick={() => freeze.mutate()}>Freeze what is reviewed now</Button>} flush>
      <Loaded query={list}>
        {(items) =>
          items.length ? (
            <Table>
              <Table.Thead><Table.Tr><Table.Th>Dataset</Table.Th><Table.Th>Frozen</Table.Th><Table.Th className="number">Documents</Table.Th><Table.Th>Parts</Table.Th><Table.Th>Before it</Table.Th><Table.Th /></Table.Tr></Table.Thead>
              <Table.Tbody>{items.map((dataset) => <Row key={dataset.id} dataset={dataset} />)}</Table.Tbody>
            </Table>
          ) : <Empty title="No dataset was frozen yet." icon="data">A training freezes one by itself. Notes must be reviewed first.</Empty>
        }
      </Loaded>
    </Card>
  );
}

function Row({ dataset }: { dataset: Wire["Dataset"] }) {
  const [shown, setShown] = useState(false);
  return (
    <>
      <Table.Tr>
        <Table.Td><code title={dataset.id}>{dataset.id.slice(0, 12)}</code></Table.Td>
        <Table.Td className={css.when}>{moment(dataset.at)}</Table.Td>
        <Table.Td className="number">{figure(dataset.documents)}</Table.Td>
        <Table.Td>{Object.entries(dataset.parts).map(([part, count]) => `${figure(count)} ${part}`).join(", ")}</Table.Td>
        <Table.Td>{dataset.parent ? <code title={dataset.parent}>{dataset.parent.slice(0, 12)}</code> : <span className="muted">the first</span>}</Table.Td>
        <Table.Td><Button size="compact-xs" variant="default" onClick={() => setShown(!shown)} aria-expanded={shown}>{shown ? "Less" : "Leaks, lineage"}</Button></Table.Td>
      </Table.Tr>
      {shown && (
        <Table.Tr>
          <Table.Td colSpan={6}>
            <div className={css.sides}>
              <div><b>Leaks</b><Facts facts={dataset.leaks} /></div>
              <div><b>Lineage</b><Facts facts={dataset.lineage} /></div>
            </div>
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

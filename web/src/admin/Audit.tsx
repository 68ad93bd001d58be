// Who did what to which patient data; each row carries the hash of the one before, so that nothing is changed unseen.
import { Button, Table } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { api, told } from "../api/client";
import { Card, Empty, Loaded } from "../parts/Page";
import { useParts } from "../parts/pages";
import { Rest } from "../parts/Rest";
import { State } from "../parts/State";
import { figure, moment } from "../parts/words";

export function Audit() {
  const list = useParts(["audit"], (cursor) => told(api.GET("/api/v1/audit", { params: { query: { cursor } } })));
  const verify = useMutation({ mutationFn: () => told(api.GET("/api/v1/audit/verify")) });
  const verdict = verify.data;
  return (
    <Card
      title="Audit trail" about="Every access to patient data, the newest first."
      actions={
        <>
          {verdict && <State state={verdict.whole ? "ok" : "failed"} word={verdict.whole ? `whole, ${figure(verdict.rows)} rows` : `broken at row ${verdict.broken_at}`} />}
          <Button variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>Verify the chain</Button>
        </>
      }
      flush
    >
      <Loaded query={list}>
        {(items) =>
          items.length ? (
            <Table>
              <Table.Thead><Table.Tr><Table.Th className="number">No.</Table.Th><Table.Th>When</Table.Th><Table.Th>Who</Table.Th><Table.Th>Did</Table.Th><Table.Th>To</Table.Th><Table.Th>Outcome</Table.Th><Table.Th>Request</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((row) => (
                  <Table.Tr key={row.number}>
                    <Table.Td className="number">{row.number}</Table.Td>
                    <Table.Td style={{ whiteSpace: "nowrap" }}>{moment(row.at)}</Table.Td>
                    <Table.Td>{row.actor}</Table.Td>
                    <Table.Td>{row.action}</Table.Td>
                    <Table.Td><code>{row.object}</code></Table.Td>
                    <Table.Td>{row.outcome === "refused" ? <State state="warning" word="refused" /> : row.outcome}</Table.Td>
                    <Table.Td><code title={`hash ${row.hash}`}>{row.request_id}</code></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          ) : <Empty title="Nothing was done yet." icon="lock" />
        }
      </Loaded>
      <Rest query={list} />
    </Card>
  );
}

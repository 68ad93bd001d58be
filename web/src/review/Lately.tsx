// What was submitted lately, so that a slip is mended: one's own, or everybody's for whoever may reopen any.
import { Button, Table } from "@mantine/core";
import { api, told } from "../api/client";
import { useMay } from "../api/session";
import { Card, Loaded } from "../parts/Page";
import { useParts } from "../parts/pages";
import { Rest } from "../parts/Rest";
import { ago, duration, moment } from "../parts/words";
import { WHY } from "./why";
import { useReopen } from "./reopening";

const AT_ONCE = 5;

export function Lately() {
  const any = useMay()("reviews:reopen");
  const reopen = useReopen();
  const query = { state: "submitted", mine: !any, limit: AT_ONCE } as const;
  const list = useParts(["reviews", "submitted", any], (cursor) => told(api.GET("/api/v1/reviews", { params: { query: { ...query, cursor } } })));
  return (
    <Loaded query={list} lines={2}>
      {(items) =>
        items.length > 0 && (
          <Card title={any ? "Submitted lately" : "Submitted by you"} about="Reopen a note to change what was submitted: what is submitted next counts." flush>
            <Table highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>Note</Table.Th><Table.Th>Why</Table.Th>{any && <Table.Th>By</Table.Th>}<Table.Th className="number">Time at it</Table.Th><Table.Th>Submitted</Table.Th><Table.Th /></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((item) => (
                  <Table.Tr key={item.note_id}>
                    <Table.Td><code>{item.note_id}</code></Table.Td>
                    <Table.Td title={WHY[item.why]?.about}>{WHY[item.why]?.name ?? item.why}{item.blind && <span className="muted"> · blind</span>}</Table.Td>
                    {any && <Table.Td>{item.claimed_by}</Table.Td>}
                    <Table.Td className="number">{duration(item.active_s)}</Table.Td>
                    <Table.Td title={moment(item.submitted_at)} style={{ whiteSpace: "nowrap" }}>{item.submitted_at && ago(item.submitted_at)}</Table.Td>
                    <Table.Td><Button size="compact-xs" variant="default" loading={reopen.isPending && reopen.variables === item.note_id} onClick={() => reopen.mutate(item.note_id)}>Reopen</Button></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <Rest query={list} />
          </Card>
        )
      }
    </Loaded>
  );
}

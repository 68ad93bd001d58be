// What the contract refused: why, from where; looked at, tried again, or given up.
import { Button, Drawer, Group, SegmentedControl, Table, Textarea } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { Confirm, type Question } from "../parts/Confirm";
import { Pair } from "../parts/Facts";
import { Card, Empty, Loaded } from "../parts/Page";
import { useParts } from "../parts/pages";
import parts from "../parts/parts.module.css";
import { Rest } from "../parts/Rest";
import { sayDone, sayProblem } from "../parts/say";
import { State } from "../parts/State";
import { bytes, moment, spoken } from "../parts/words";
import { Problem } from "../api/client";
import css from "./data.module.css";

type Held = "held" | "replayed" | "dropped";

export function Quarantine() {
  const [state, setState] = useState<Held>("held");
  const [opened, setOpened] = useState<string | null>(null);
  const list = useParts(["quarantine", state], (cursor) => told(api.GET("/api/v1/quarantine", { params: { query: { state, cursor } } })));
  return (
    <Card
      title="Quarantine" about="Nothing here was read by a model or learned from."
      actions={<SegmentedControl size="xs" value={state} onChange={(value) => setState(value as Held)} data={[{ value: "held", label: "Held" }, { value: "replayed", label: "Replayed" }, { value: "dropped", label: "Dropped" }]} aria-label="which" />}
      flush
    >
      <Loaded query={list}>
        {(items) =>
          items.length ? (
            <Table highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>When</Table.Th><Table.Th>Source</Table.Th><Table.Th>Name</Table.Th><Table.Th>Why</Table.Th><Table.Th>Format</Table.Th><Table.Th className="number">Size</Table.Th><Table.Th>State</Table.Th><Table.Th /></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((item) => (
                  <Table.Tr key={item.id}>
                    <Table.Td style={{ whiteSpace: "nowrap" }}>{moment(item.at)}</Table.Td>
                    <Table.Td>{item.source}</Table.Td>
                    <Table.Td>{item.name ?? "–"}</Table.Td>
                    <Table.Td><b>{spoken(item.code)}</b><div className="muted">{item.faults.join("; ")}</div></Table.Td>
                    <Table.Td>{item.kind}</Table.Td>
                    <Table.Td className="number">{bytes(item.size_bytes)}</Table.Td>
                    <Table.Td><State state={item.state} /></Table.Td>
                    <Table.Td><Button size="compact-xs" variant="default" onClick={() => setOpened(item.id)}>Look</Button></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          ) : <Empty title={state === "held" ? "Nothing is held." : `Nothing was ${state}.`} icon="ok">{state === "held" ? "What is too large, not UTF-8, of the wrong form or twice with different words is held here, with the reason." : null}</Empty>
        }
      </Loaded>
      <Rest query={list} />
      <Drawer opened={opened !== null} onClose={() => setOpened(null)} position="right" size="lg" title="Held note">
        {opened && <Look id={opened} close={() => setOpened(null)} />}
      </Drawer>
    </Card>
  );
}

function Look({ id, close }: { id: string; close: () => void }) {
  const item = useQuery({ queryKey: ["quarantined", id], gcTime: 0, queryFn: () => told(api.GET("/api/v1/quarantine/{quarantine_id}", { params: { path: { quarantine_id: id } } })) });
  return <Loaded query={item} lines={8}>{(data) => <HeldNote item={data} close={close} />}</Loaded>;
}

function HeldNote({ item, close }: { item: Wire["QuarantineItem"]; close: () => void }) {
  const [text, setText] = useState(item.text ?? "");
  const [question, setQuestion] = useState<Question | null>(null);
  const params = { path: { quarantine_id: item.id } };
  const done = () => {
    for (const key of ["quarantine", "notes", "alerts"]) void queries.invalidateQueries({ queryKey: [key] });
    close();
  };
  const replay = useMutation({
    mutationFn: () => told(api.POST("/api/v1/quarantine/{quarantine_id}:replay", { params, body: { text: text !== (item.text ?? "") ? text : null } })),
    onSuccess: (answer) => {
      if (answer.state === "held") return sayProblem(new Problem("It is still refused.", 422, answer.code ?? "held", answer.errors));
      sayDone("It is a note now.");
      done();
    },
  });
  const drop = useMutation({
    mutationFn: () => told(api.POST("/api/v1/quarantine/{quarantine_id}:drop", { params })),
    onSuccess: () => {
      sayDone("Dropped: the row stays, its words are gone.");
      done();
    },
  });
  return (
    <div className={css.opened}>
      <dl className={parts.facts}>
        <Pair name="Why">{spoken(item.code)}</Pair>
        <Pair name="Faults">{item.faults.join("; ") || "–"}</Pair>
        <Pair name="From">{item.name ? `${item.source}, ${item.name}` : item.source}</Pair>
        <Pair name="Held since">{moment(item.at)}</Pair>
        {item.decided_by && <Pair name={item.state}>{item.decided_by}, {moment(item.decided_at)}</Pair>}
      </dl>
      {item.text === null ? (
        <p className="muted">Its words are not shown: they are gone, or not for your role.</p>
      ) : (
        <Textarea label="As it came" description="Mend it here, or try it again as it is." value={text} onChange={(e) => setText(e.currentTarget.value)} autosize minRows={8} maxRows={24} spellCheck={false} readOnly={item.state !== "held"} />
      )}
      {item.state === "held" && (
        <Group justify="end" gap="xs">
          <Button variant="default" color="red" onClick={() => setQuestion({ title: "Drop it for good", what: "Its words are erased and cannot be brought back. That it was held, why and from where stays on record.", button: "Drop it", danger: true, run: () => drop.mutateAsync() })}>Drop it …</Button>
          <Button loading={replay.isPending} onClick={() => replay.mutate()}>{item.text !== null && text !== item.text ? "Try the mended text" : "Try it again"}</Button>
        </Group>
      )}
      <Confirm question={question} close={() => setQuestion(null)} />
    </div>
  );
}

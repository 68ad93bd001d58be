// Keys for programs: made for a purpose, shown once, ended at once.
import { Button, Checkbox, Group, Modal, NumberInput, Stack, Table, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { Confirm, type Question } from "../parts/Confirm";
import { Card, Empty, Loaded } from "../parts/Page";
import { State } from "../parts/State";
import { day, figure, moment } from "../parts/words";
import { Once } from "./Once";

type Scope = Wire["NewKey"]["scopes"][number];

const SCOPES: Record<Scope, string> = {
  extract: "read notes that are sent, store nothing",
  "notes:write": "store notes",
  "notes:read": "read stored notes",
  reviews: "review",
  "models:read": "see models, datasets, trainings",
  "models:write": "promote, roll back, train",
  "monitor:read": "see drift, alerts, KPIs, metrics",
  admin: "everything",
};

const refresh = () => queries.invalidateQueries({ queryKey: ["keys"] });

export function Keys() {
  const keys = useQuery({ queryKey: ["keys"], queryFn: () => told(api.GET("/api/v1/keys")) });
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Wire["MadeKey"] | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const revoke = useMutation({ mutationFn: (id: string) => told(api.POST("/api/v1/keys/{key_id}:revoke", { params: { path: { key_id: id } } })), onSuccess: refresh });
  const ask = (key: Wire["Key"]) => setQuestion({ title: "End a key", what: <>Every program that calls with “{key.name}” is refused from now on. This cannot be taken back.</>, button: "End the key", danger: true, run: () => revoke.mutateAsync(key.id) });
  return (
    <Card title="Keys" about="For the hospital's software and scripts." actions={<Button onClick={() => setMaking(true)}>Make a key</Button>} flush>
      <Loaded query={keys}>
        {({ items }) =>
          items.length ? (
            <Table>
              <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Begins with</Table.Th><Table.Th>May</Table.Th><Table.Th className="number">A minute</Table.Th><Table.Th>Made</Table.Th><Table.Th>Last used</Table.Th><Table.Th>State</Table.Th><Table.Th /></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((key) => {
                  const ended = key.ends_at !== null && Date.parse(key.ends_at) < Date.now();
                  return (
                    <Table.Tr key={key.id}>
                      <Table.Td><b>{key.name}</b></Table.Td>
                      <Table.Td><code>{key.prefix}…</code></Table.Td>
                      <Table.Td>{key.scopes.join(", ")}</Table.Td>
                      <Table.Td className="number">{figure(key.requests_per_minute)}</Table.Td>
                      <Table.Td>{day(key.created_at)}<div className="muted">{key.created_by}</div></Table.Td>
                      <Table.Td>{key.used_at ? moment(key.used_at) : "never"}</Table.Td>
                      <Table.Td>{key.revoked_at ? <State state="ended" /> : ended ? <State state="run out" /> : <State state="ok" word={key.ends_at ? `until ${day(key.ends_at)}` : "active"} />}</Table.Td>
                      <Table.Td>{!key.revoked_at && <Button size="compact-xs" variant="default" onClick={() => ask(key)}>End</Button>}</Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          ) : <Empty title="No program has a key yet." icon="lock">A key lets software call the API, for what you choose and no more.</Empty>
        }
      </Loaded>
      <Modal opened={making} onClose={() => setMaking(false)} title="Make a key" size="lg"><Make done={(key) => { setMaking(false); setMade(key); }} /></Modal>
      <Once title="The key" value={made?.key ?? null} close={() => setMade(null)}>Copy it now: it is kept as a hash and not shown again. Send it as “Authorization: Bearer …”.</Once>
      <Confirm question={question} close={() => setQuestion(null)} />
    </Card>
  );
}

function Make({ done }: { done: (key: Wire["MadeKey"]) => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>(["extract"]);
  const [days, setDays] = useState<number | string>(365);
  const make = useMutation({
    mutationFn: () => told(api.POST("/api/v1/keys", { body: { name: name.trim(), scopes: scopes as Scope[], days: typeof days === "number" ? days : null } })),
    onSuccess: (key) => {
      void refresh();
      done(key);
    },
  });
  return (
    <form onSubmit={(event) => { event.preventDefault(); make.mutate(); }}>
      <Stack gap="md">
        <TextInput label="Name" description="Of the program that will use it." value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus required maxLength={200} />
        <Checkbox.Group label="What it may do" value={scopes} onChange={setScopes}>
          <Stack gap={6} mt={6}>{Object.entries(SCOPES).map(([scope, about]) => <Checkbox key={scope} size="sm" value={scope} label={<><code>{scope}</code> <span className="muted">{about}</span></>} />)}</Stack>
        </Checkbox.Group>
        <NumberInput label="Days" description="After which it ends; empty for never." value={days} onChange={setDays} min={1} max={3650} allowDecimal={false} w={160} />
        <Group justify="end"><Button type="submit" loading={make.isPending} disabled={!name.trim() || !scopes.length}>Make the key</Button></Group>
      </Stack>
    </form>
  );
}

// People who may log in: invited by a one-time link, never by a password that somebody else knows.
import { Button, Group, Modal, Select, Stack, Table, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { ROLE_NAMES, useMe } from "../api/session";
import { Confirm, type Question } from "../parts/Confirm";
import { Card, Loaded } from "../parts/Page";
import { State } from "../parts/State";
import { day, moment } from "../parts/words";
import { Once } from "./Once";

type Role = Wire["NewUser"]["role"];

const ABOUT: Record<string, string> = {
  reviewer: "extracts and reviews; sees the notes in their hands",
  data_scientist: "also models, datasets, trainings, drift; reads notes",
  operator: "promotes and rolls back, alerts, quarantine; sees no note",
  admin: "everything, with people, keys and the audit trail",
};

/** What comes of deactivating a person, whose name stands before it. */
export const FOR_GOOD =
  "is logged out everywhere now and cannot log in again. What they reviewed stays. This cannot be undone: to come back they must be invited under another name.";

function refresh(): void {
  for (const key of ["users", "first steps"]) void queries.invalidateQueries({ queryKey: [key] });
}

export function People() {
  const me = useMe().data;
  const users = useQuery({ queryKey: ["users"], queryFn: () => told(api.GET("/api/v1/users")) });
  const [inviting, setInviting] = useState(false);
  const [invited, setInvited] = useState<Wire["Invited"] | null>(null);
  const [question, setQuestion] = useState<Question | null>(null);
  const again = useMutation({ mutationFn: (id: string) => told(api.POST("/api/v1/users/{user_id}:invite", { params: { path: { user_id: id } } })), onSuccess: (made) => { setInvited(made); void refresh(); } });
  const end = useMutation({ mutationFn: (id: string) => told(api.POST("/api/v1/users/{user_id}:deactivate", { params: { path: { user_id: id } } })), onSuccess: refresh });
  const deactivate = (user: Wire["User"]) =>
    setQuestion({ title: "Let a person in no more", what: <>{user.name} {FOR_GOOD}</>, button: "Let in no more", danger: true, run: () => end.mutateAsync(user.id) });
  return (
    <Card id="people" title="People" actions={<Button onClick={() => setInviting(true)}>Invite a person</Button>} flush>
      <Loaded query={users}>
        {({ items }) => (
          <Table>
            <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Role</Table.Th><Table.Th>State</Table.Th><Table.Th>Since</Table.Th><Table.Th /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {items.map((user) => (
                <Table.Tr key={user.id}>
                  <Table.Td><b>{user.name}</b>{user.name === me?.name && <span className="muted"> · you</span>}</Table.Td>
                  <Table.Td>{ROLE_NAMES[user.role]}<div className="muted">{ABOUT[user.role]}</div></Table.Td>
                  <Table.Td>{!user.active ? <State state="inactive" /> : user.invited ? <State state="waiting" word="invited" /> : <State state="ok" word="active" />}</Table.Td>
                  <Table.Td style={{ whiteSpace: "nowrap" }}>{day(user.created_at)}</Table.Td>
                  <Table.Td>
                    <Group gap="xs" justify="end" wrap="nowrap">
                      {user.active && <Button size="compact-xs" variant="default" loading={again.isPending && again.variables === user.id} onClick={() => again.mutate(user.id)}>New link</Button>}
                      {user.active && user.name !== me?.name && <Button size="compact-xs" variant="default" onClick={() => deactivate(user)}>Deactivate</Button>}
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Loaded>
      <Modal opened={inviting} onClose={() => setInviting(false)} title="Invite a person"><Invite done={(made) => { setInviting(false); setInvited(made); }} /></Modal>
      <Once title="One-time link" value={invited && absolute(invited.link)} close={() => setInvited(null)}>
        Give this link to {invited?.user.name}: it sets their password, works once, and ends {invited && moment(invited.ends_at)}. It is not shown again.
      </Once>
      <Confirm question={question} close={() => setQuestion(null)} />
    </Card>
  );
}

const absolute = (link: string): string => new URL(link, window.location.origin).href;

function Invite({ done }: { done: (made: Wire["Invited"]) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("reviewer");
  const invite = useMutation({ mutationFn: () => told(api.POST("/api/v1/users", { body: { name: name.trim(), role } })), onSuccess: (made) => { void refresh(); done(made); } });
  return (
    <form onSubmit={(event) => { event.preventDefault(); invite.mutate(); }}>
      <Stack gap="md">
        <TextInput label="Name" description="What they log in with." value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus required maxLength={200} />
        <Select label="Role" description={ABOUT[role]} value={role} onChange={(value) => setRole((value ?? "reviewer") as Role)} data={Object.entries(ROLE_NAMES).map(([value, label]) => ({ value, label }))} />
        <Group justify="end"><Button type="submit" loading={invite.isPending} disabled={!name.trim()}>Make the link</Button></Group>
      </Stack>
    </form>
  );
}

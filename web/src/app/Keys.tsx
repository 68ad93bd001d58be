// `?` shows the keys: those of everywhere, and those of the page that is open.
import { Button, Group, Modal, Table } from "@mantine/core";
import { createStore, useStore } from "../parts/store";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import type { Me } from "../api/session";
import { recallSteps } from "../start/away";
import { startTour } from "../start/tour";

type Keys = readonly (readonly [keys: string, does: string])[];

const EVERYWHERE: Keys = [
  ["Ctrl+K", "go to a page, or do"],
  ["?", "show these keys"],
];

const shown = createStore(false);
const ofPage = createStore<Keys>([]);

export const showKeys = (): void => shown.set(true);

/** Tells the help which keys a page has, as long as it is open. */
export function usePageKeys(keys: Keys): void {
  useEffect(() => {
    ofPage.set(keys);
    return () => ofPage.set([]);
  }, [keys]);
}

export function KeysHelp({ me }: { me: Me }) {
  const opened = useStore(shown);
  const keys = useStore(ofPage);
  const navigate = useNavigate();
  const close = () => shown.set(false);
  return (
    <Modal opened={opened} onClose={close} title="Keys" size="lg">
      {keys.length > 0 && <KeyTable keys={keys} />}
      <KeyTable keys={EVERYWHERE} />
      <Group gap="xs">
        <Button variant="default" size="compact-sm" onClick={() => { close(); startTour(); }}>Tour</Button>
        {me.rights.includes("admin") && <Button variant="default" size="compact-sm" onClick={() => { close(); recallSteps(me.name); void navigate({ to: "/admin" }); }}>First steps</Button>}
      </Group>
    </Modal>
  );
}

function KeyTable({ keys }: { keys: Keys }) {
  return (
    <Table verticalSpacing={4} mb="sm">
      <Table.Tbody>
        {keys.map(([key, does]) => (
          <Table.Tr key={key}>
            <Table.Td w={152}><KeyCaps keys={key} /></Table.Td>
            <Table.Td>{does}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Draws "a or b" and "Ctrl+Enter" as caps. */
export function KeyCaps({ keys }: { keys: string }) {
  return <>{keys.split(" ").map((part, i) => (part === "or" || part === "…" ? <span key={i}> {part} </span> : <span key={i}><kbd>{part}</kbd> </span>))}</>;
}

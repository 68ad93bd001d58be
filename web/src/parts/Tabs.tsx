// The parts of a page, one at a time; which one is open stands in the address.
import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";

export interface Part {
  value: string;
  label: string;
  shown: boolean;
  body: () => ReactNode;
}

export function Parts({ from, parts }: { from: "/data" | "/admin"; parts: readonly Part[] }) {
  const { tab } = useSearch({ from });
  const navigate = useNavigate();
  const shown = parts.filter((part) => part.shown);
  const current = shown.find((part) => part.value === tab) ?? shown[0];
  if (!current) return null;
  return (
    <Tabs value={current.value} onChange={(value) => void navigate({ to: from, search: { tab: value ?? undefined } })} keepMounted={false}>
      <Tabs.List mb="md">{shown.map((part) => <Tabs.Tab key={part.value} value={part.value}>{part.label}</Tabs.Tab>)}</Tabs.List>
      <Tabs.Panel value={current.value}>{current.body()}</Tabs.Panel>
    </Tabs>
  );
}

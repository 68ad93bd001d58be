// Stored notes without their words; one opens with what was found in it, which is audited.
import { Button, Drawer, Table } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, told } from "../api/client";
import { queries } from "../api/queries";
import { useMay } from "../api/session";
import { EntityCard } from "../note/EntityCard";
import { Legend } from "../note/Legend";
import { NoteText } from "../note/NoteText";
import { Points } from "../note/points";
import { entityOf } from "../note/values";
import { Card, Empty, Loaded } from "../parts/Page";
import { useParts } from "../parts/pages";
import { Rest } from "../parts/Rest";
import { sayDone } from "../parts/say";
import { figure, moment } from "../parts/words";
import type { Wire } from "../api/client";
import css from "./data.module.css";

export function Notes() {
  const may = useMay();
  const [opened, setOpened] = useState<string | null>(null);
  const notes = useParts(["notes"], (cursor) => told(api.GET("/api/v1/notes", { params: { query: { cursor } } })));
  return (
    <Card title="Notes" about="The newest first. Opening one is written to the audit trail." actions={may("notes:write") && <TakeIn />} flush>
      <Loaded query={notes}>
        {(items) =>
          items.length ? (
            <Table highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>Note</Table.Th><Table.Th>Source</Table.Th><Table.Th>Sender's id</Table.Th><Table.Th className="number">Characters</Table.Th><Table.Th>Written</Table.Th><Table.Th>Received</Table.Th><Table.Th /></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((note) => (
                  <Table.Tr key={note.note_id}>
                    <Table.Td><code>{note.note_id}</code></Table.Td>
                    <Table.Td className={css.source} title={note.source}>{note.source}</Table.Td>
                    <Table.Td>{note.external_id ?? "–"}</Table.Td>
                    <Table.Td className="number">{figure(note.characters)}</Table.Td>
                    <Table.Td className={css.when}>{moment(note.written_at)}</Table.Td>
                    <Table.Td className={css.when}>{moment(note.received_at)}</Table.Td>
                    <Table.Td><Button size="compact-xs" variant="default" onClick={() => setOpened(note.note_id)}>Open</Button></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          ) : <Empty title="No note came in yet." icon="data">Put files into the inbox folder, send them to the API, or take in a file here: text, CSV, JSON Lines or FHIR.</Empty>
        }
      </Loaded>
      <Rest query={notes} />
      <Drawer opened={opened !== null} onClose={() => setOpened(null)} position="right" size="xl" title={<code>{opened}</code>}>
        {opened && <OpenNote noteId={opened} />}
      </Drawer>
    </Card>
  );
}

function OpenNote({ noteId }: { noteId: string }) {
  const note = useQuery({ queryKey: ["note", noteId], gcTime: 0, queryFn: () => told(api.GET("/api/v1/notes/{note_id}", { params: { path: { note_id: noteId } } })) });
  return <Loaded query={note} lines={12}>{(data) => <NoteWithFindings note={data} />}</Loaded>;
}

function NoteWithFindings({ note }: { note: Wire["StoredNote"] }) {
  const points = useMemo(() => new Points(note.text), [note.text]);
  const entities = useMemo(() => (note.extraction?.entities ?? []).map(entityOf), [note.extraction]);
  const [selected, setSelected] = useState<string | null>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const shown = entities.find((e) => e.id === (hovered ?? selected));
  return (
    <div className={css.opened}>
      <p className="muted">{note.source} · {note.patient_id ? `patient ${note.patient_id}` : "patient not known"} · {note.extraction ? `read by ${note.extraction.model_version}` : "not read yet"}</p>
      <NoteText label="the note" points={points} marks={entities} cues={shown?.triggers} selected={selected} onPick={setSelected} onHover={setHovered} />
      {entities.length > 0 && <Legend />}
      {shown && <EntityCard points={points} entity={shown} entities={entities} relations={note.extraction?.relations ?? []} />}
    </div>
  );
}

const KINDS: Record<string, string> = { csv: "text/csv", jsonl: "application/x-ndjson", ndjson: "application/x-ndjson", json: "application/fhir+json", txt: "text/plain" };

/** Takes in a file as it is: the contract judges every note in it. */
function TakeIn() {
  const take = useMutation({
    mutationFn: async (file: File) => {
      const kind = KINDS[file.name.split(".").at(-1)?.toLowerCase() ?? ""] ?? "text/plain";
      const body = await file.arrayBuffer();
      return told(api.POST("/api/v1/notes", { params: { query: { source: "upload" } }, body: body as never, bodySerializer: (given) => given as never, headers: { "Content-Type": kind } }));
    },
    onSuccess: (answer) => {
      for (const key of ["notes", "quarantine", "alerts", "first steps"]) void queries.invalidateQueries({ queryKey: [key] });
      sayDone(`${answer.stored} stored, ${answer.known} known already, ${answer.held} held in quarantine.`);
    },
  });
  return (
    <Button component="label" variant="default" loading={take.isPending}>
      Take in a file
      <input
        type="file" hidden accept=".txt,.csv,.jsonl,.ndjson,.json"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) take.mutate(file);
        }}
      />
    </Button>
  );
}

// The table of what was found, and the ways to take it away.
import { Button, Table } from "@mantine/core";
import { useState } from "react";
import { download } from "../api/client";
import { useMay } from "../api/session";
import { Empty } from "../parts/Page";
import { Icon } from "../parts/Icon";
import { sayDone, sayProblem } from "../parts/say";
import { figure, plural } from "../parts/words";
import { relationName } from "../note/values";
import { asText, entityOfRow, rowOfEntity, useSendToReview, type Reading, type Row } from "./reading";
import css from "./extract.module.css";

interface Props {
  reading: Reading;
  text: string;
  selected: string | null;
  select: (id: string | null) => void;
}

export function Found({ reading, text, selected, select }: Props) {
  const current = rowOfEntity(reading, selected);
  return (
    <>
      {reading.record.length ? (
        <Table highlightOnHover className={css.found} layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w="32%">Disease</Table.Th>
              <Table.Th w={120}>Status</Table.Th>
              <Table.Th w={104}>Code</Table.Th>
              <Table.Th>Treatments</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {reading.record.map((row, i) => (
              <FoundRow key={i} row={row} current={row === current} select={() => select(entityOfRow(reading, row)?.id ?? null)} />
            ))}
          </Table.Tbody>
        </Table>
      ) : (
        <Empty title="Nothing was found in this note." icon="quiet">No disease, no treatment. If there is one, send the note to review: the model learns from it.</Empty>
      )}
      {reading.warnings.map((warning) => <p key={warning} className={css.warning}><Icon name="warning" />{warning}</p>)}
      <div className={css.takeaway}>
        <span className="muted numbers">{plural(reading.entities.length, "entity", "entities")} · {figure(reading.duration_ms)} ms · {reading.version}</span>
        <TakeAway reading={reading} text={text} />
      </div>
    </>
  );
}

function FoundRow({ row, current, select }: { row: Row; current: boolean; select: () => void }) {
  return (
    <Table.Tr onClick={select} data-current={current || undefined} className={css.row} tabIndex={0} onKeyDown={(e) => { if (e.key === "Enter") select(); }}>
      <Table.Td>
        {row.disease || <span className="muted">no disease named</span>}
        {row.mentions.length > 1 && <span className="muted numbers"> ×{row.mentions.length}</span>}
      </Table.Td>
      <Table.Td>{row.disease ? (row.status ?? "–") : ""}</Table.Td>
      <Table.Td className="numbers">{row.code ? <span title={`${row.code.display} (${row.code.system})`}>{row.code.code}</span> : <span className="muted">–</span>}</Table.Td>
      <Table.Td>
        {row.treatments.length === 0 && <span className="muted">–</span>}
        {row.treatments.map((t, i) => {
          const link = t.relation && t.relation !== "TREATS" ? relationName(t.relation) : null;
          const remark = [link, t.status && t.status !== "present" ? t.status : null].filter(Boolean).join(", ");
          return (
            <div key={i} title={t.code ? `${t.code.display} (${t.code.system} ${t.code.code})` : undefined}>
              {t.name} <span className="muted">{[t.dose, remark && `(${remark})`].filter(Boolean).join(" ")}</span>
            </div>
          );
        })}
      </Table.Td>
    </Table.Tr>
  );
}

const FILES = [
  ["CSV", "csv", "record.csv"],
  ["JSON", "json", "record.json"],
  ["FHIR", "fhir", "record.fhir.json"],
] as const;

function TakeAway({ reading, text }: { reading: Reading; text: string }) {
  const may = useMay();
  const send = useSendToReview();
  const [busy, setBusy] = useState<string | null>(null);
  const save = async (format: string, name: string) => {
    setBusy(format);
    await download("/api/v1/extract/export", { text, format }, name).catch(sayProblem);
    setBusy(null);
  };
  const copy = () => navigator.clipboard.writeText(asText(reading.record)).then(() => sayDone("The table is on the clipboard."), () => sayProblem(new Error()));
  return (
    <div className={css.buttons}>
      <Button variant="default" size="compact-sm" leftSection={<Icon name="copy" size={14} />} onClick={() => void copy()}>Copy</Button>
      {FILES.map(([label, format, name]) => (
        <Button key={format} variant="default" size="compact-sm" leftSection={<Icon name="down" size={14} />} loading={busy === format} onClick={() => void save(format, name)}>{label}</Button>
      ))}
      {may("reviews") && (
        <Button size="compact-sm" variant="light" loading={send.isPending} disabled={send.isSuccess} onClick={() => send.mutate(text, { onSuccess: () => sayDone("The note waits in the review queue.") })}>
          {send.isSuccess ? "Sent" : "Send to review"}
        </Button>
      )}
    </div>
  );
}

// Versions of the model with their figures; promote, roll back, compare, and train anew.
import { Button, Checkbox, Menu, Table } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { useMay } from "../api/session";
import { Confirm, type Question } from "../parts/Confirm";
import { Card, Empty, Loaded, Page } from "../parts/Page";
import { sayDone } from "../parts/say";
import { State } from "../parts/State";
import { ago, bytes, figure, moment } from "../parts/words";
import { ScoreCell, Trained, Version } from "./figures";
import { Releases, Trainings } from "./History";
import css from "./models.module.css";

type Model = Wire["Model"];

export function ModelsPage() {
  const may = useMay();
  const models = useQuery({ queryKey: ["models"], queryFn: () => told(api.GET("/api/v1/models")), refetchInterval: 30_000 });
  const [question, setQuestion] = useState<Question | null>(null);
  const [chosen, setChosen] = useState<string[]>([]);
  const navigate = useNavigate();
  const asks = useQuestions(setQuestion);
  const served = models.data?.items.find((m) => m.serving);
  const previous = models.data?.items.find((m) => m.aliases.includes("previous"));
  const approve = (version: string) => {
    const model = models.data?.items.find((m) => m.version === version);
    if (model) asks.promote(model, served);
  };
  const choose = (version: string) => setChosen((all) => (all.includes(version) ? all.filter((v) => v !== version) : [...all, version].slice(-2)));
  const compare = () => {
    // The older is on the left, so that a gain is a gain.
    const [left, right] = (models.data?.items ?? []).filter((m) => chosen.includes(m.version)).map((m) => m.version).reverse();
    if (left && right) void navigate({ to: "/models/compare", search: { left, right } });
  };
  return (
    <Page
      title="Models"
      about="Every version that was trained here or came with the package. One is served; a candidate must pass the gate to take its place."
      actions={
        <>
          <Button variant="default" disabled={chosen.length !== 2} onClick={compare}>Compare {chosen.length === 2 ? "the two" : "two"}</Button>
          {may("models:write") && <Button variant="default" disabled={!previous || !served} onClick={() => asks.rollBack(served!, previous!)}>Roll back</Button>}
          {may("trainings:write") && <Button onClick={asks.train}>Train a new version</Button>}
        </>
      }
    >
      <Loaded query={models}>
        {({ items }) => (
          <Card flush>
            {items.length ? (
              <Table className={css.table} horizontalSpacing={10}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th w={32} /><Table.Th>Version</Table.Th><Table.Th>State</Table.Th><Table.Th>F1, exact</Table.Th><Table.Th>F1, overlapping</Table.Th>
                    <Table.Th className="number">Documents</Table.Th><Table.Th className={`number ${css.size}`}>Size</Table.Th><Table.Th className="number">Notes/s</Table.Th><Table.Th>Trained</Table.Th><Table.Th w={64} />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((model) => (
                    <ModelRow key={model.version} model={model} chosen={chosen.includes(model.version)} choose={() => choose(model.version)} promote={may("models:write") && !model.serving ? () => asks.promote(model, served) : null} compare={served && !model.serving ? () => void navigate({ to: "/models/compare", search: { left: served.version, right: model.version } }) : null} />
                  ))}
                </Table.Tbody>
              </Table>
            ) : (
              <Empty title="No model is registered yet." icon="models">The one that came with the package appears here when the worker has started; others when they are trained.</Empty>
            )}
          </Card>
        )}
      </Loaded>
      <div className={css.halves}>
        <Trainings approve={may("models:write") ? approve : null} refuse={may("models:write") ? asks.refuse : null} />
        <Releases />
      </div>
      <Confirm question={question} close={() => setQuestion(null)} />
    </Page>
  );
}

interface RowProps {
  model: Model;
  chosen: boolean;
  choose: () => void;
  promote: (() => void) | null;
  compare: (() => void) | null;
}

function ModelRow({ model, chosen, choose, promote, compare }: RowProps) {
  return (
    <Table.Tr data-serving={model.serving || undefined}>
      <Table.Td><Checkbox size="xs" checked={chosen} onChange={choose} aria-label={`compare ${model.version}`} /></Table.Td>
      <Table.Td><Version version={model.version} number={model.number} /></Table.Td>
      <Table.Td><span className={css.aliases}>{model.serving && <State state="ok" word="served" />}{model.aliases.map((alias) => <State key={alias} state="alias" word={alias} />)}</span></Table.Td>
      <Table.Td><ScoreCell score={model.figures.strict} /></Table.Td>
      <Table.Td><ScoreCell score={model.figures.relaxed} /></Table.Td>
      <Table.Td className="number">{figure(model.documents)}</Table.Td>
      <Table.Td className={`number ${css.size}`}>{bytes(model.size_bytes)}</Table.Td>
      <Table.Td className="number">{figure(model.notes_per_s)}</Table.Td>
      <Table.Td title={model.created_at ? moment(model.created_at) : undefined}><Trained model={model} say={ago} /></Table.Td>
      <Table.Td>
        <Menu position="bottom-end" shadow="md">
          <Menu.Target><Button size="compact-xs" variant="default" aria-label={`what to do with ${model.version}`}>⋯</Button></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={`/api/v1/models/${encodeURIComponent(model.version)}/dossier.html`} target="_blank" rel="noopener">Open its dossier</Menu.Item>
            {compare && <Menu.Item onClick={compare}>Compare with what is served</Menu.Item>}
            {promote && <Menu.Item onClick={promote}>Serve this version …</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}

/** The questions that are asked once before something is done, each saying what will happen. */
function useQuestions(ask: (question: Question) => void) {
  const refresh = () => {
    for (const key of ["models", "releases", "trainings", "drift"]) void queries.invalidateQueries({ queryKey: [key] });
  };
  const promote = useMutation({ mutationFn: ({ version, reason }: { version: string; reason: string }) => told(api.POST("/api/v1/models/{version}:promote", { params: { path: { version } }, body: { reason } })), onSuccess: refresh });
  const refuse = useMutation({ mutationFn: ({ version, reason }: { version: string; reason: string }) => told(api.POST("/api/v1/models/{version}:refuse", { params: { path: { version } }, body: { reason } })), onSuccess: refresh });
  const back = useMutation({ mutationFn: (wish: { reason: string; instead_of: string }) => told(api.POST("/api/v1/models:rollback", { body: wish })), onSuccess: refresh });
  const train = useMutation({
    mutationFn: ({ reason, key }: { reason: string; key: string }) => told(api.POST("/api/v1/trainings", { params: { header: { "idempotency-key": key } }, body: { reason } })),
    onSuccess: refresh,
  });
  return {
    promote: (model: Model, served: Model | undefined) =>
      ask({
        title: "Serve another version",
        what: <>From now on every note is read by <code>{model.version}</code>{served && <> instead of <code>{served.version}</code></>}. No request fails while it changes; the version served now stays loaded, so that rolling back takes a second. The watch starts anew with this version's own reference.</>,
        button: "Serve this version",
        reason: true,
        run: (reason) => promote.mutateAsync({ version: model.version, reason }).then(() => sayDone("It is served from now on.")),
      }),
    refuse: (version: string) =>
      ask({
        title: "Refuse a candidate",
        what: <>The gate let <code>{version}</code> pass; refused, it is not served for this training, and what is served stays. To approve it instead, serve it.</>,
        button: "Refuse it",
        danger: true,
        reason: true,
        run: (reason) => refuse.mutateAsync({ version, reason }).then(() => sayDone("It is refused; what is served stays.")),
      }),
    rollBack: (served: Model, previous: Model) =>
      ask({
        title: "Roll back",
        what: <>From now on every note is read by <code>{previous.version}</code> again, as before <code>{served.version}</code>. Nothing is deleted.</>,
        button: "Roll back",
        danger: true,
        reason: true,
        run: (reason) => back.mutateAsync({ reason, instead_of: served.version }).then(() => sayDone("The version before is served again.")),
      }),
    train: () => {
      const key = crypto.randomUUID();
      ask({
        title: "Train a new version",
        what: "All reviewed notes are frozen into a dataset, a candidate learns from it, and the gate compares it with what is served. It is served only if it passes every rule. This takes some minutes; you can leave.",
        button: "Start training",
        reason: true,
        run: (reason) => train.mutateAsync({ reason, key }).then(() => sayDone("The training has started.")),
      });
    },
  };
}

// Two versions beside each other: where they differ, by how much, and what the gate says of the right one.
import { Button, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { api, told, type Wire } from "../api/client";
import { Pair } from "../parts/Facts";
import { Card, Empty, Loaded, Page } from "../parts/Page";
import parts from "../parts/parts.module.css";
import { State } from "../parts/State";
import { bytes, capital, day, figure, spoken, typeset } from "../parts/words";
import { Forest } from "./Forest";
import { VERDICTS } from "./History";
import { ScoreCell, Trained, Version } from "./figures";
import { measured } from "./rules";
import { Sentences } from "./Sentences";
import css from "./models.module.css";

export function ComparePage() {
  const { left, right } = useSearch({ from: "/models/compare" });
  const comparison = useQuery({
    queryKey: ["models", "compare", left, right],
    enabled: Boolean(left && right),
    queryFn: () => told(api.GET("/api/v1/models/{version}/compare/{other}", { params: { path: { version: left, other: right } } })),
  });
  return (
    <Page title="Compare two models" about="Differences are right minus left, over the same notes; each end of an interval holds with 95 %." actions={<Button variant="default" component={Link} to="/models">Back to models</Button>}>
      {!(left && right) && <Empty title="Two versions are compared here." icon="models" action={<Button component={Link} to="/models">To the list</Button>}>Tick two in the list of models, or compare one with what is served.</Empty>}
      {left && right && <Loaded query={comparison} says="Both models read the same test notes. The first time this takes a minute; you can leave and come back, what came of it is kept.">{(facts) => <Compared facts={facts} />}</Loaded>}
    </Page>
  );
}

function Compared({ facts }: { facts: Wire["Comparison"] }) {
  return (
    <>
      <div className={css.halves}>
        <Side side="Left" model={facts.left} />
        <Side side="Right" model={facts.right} />
      </div>
      <Card title="Differences in F1" flush>
        {facts.differences.length ? <Forest differences={facts.differences} /> : <Empty title="These two were never compared on the same notes." icon="models">The gate compares a candidate with what is served when it is trained; of others only the figures above are known.</Empty>}
      </Card>
      <Card title="The gate" about={facts.decision ? undefined : "It has not judged the right model against the left one."} actions={facts.decision && <State state={facts.decision} word={VERDICTS[facts.decision]} />} flush>
        {facts.rules.length > 0 && <Rules rules={facts.rules} />}
      </Card>
      <Sentences sentences={facts.sentences} />
    </>
  );
}

function Side({ side, model }: { side: string; model: Wire["Model"] }) {
  return (
    <Card title={side} actions={<>{model.serving && <State state="ok" word="served" />}{model.aliases.map((alias) => <State key={alias} state="alias" word={alias} />)}</>}>
      <dl className={parts.facts}>
        <Pair name="Version"><Version version={model.version} number={model.number} /></Pair>
        <Pair name="F1, exact"><ScoreCell score={model.figures.strict} /></Pair>
        <Pair name="F1, overlapping"><ScoreCell score={model.figures.relaxed} /></Pair>
        {model.figures.per_type.map((t) => <Pair key={t.type} name={`F1 of ${t.type.toLowerCase()}`}><ScoreCell score={t.strict} /></Pair>)}
        <Pair name="Learned from">{model.documents == null ? "–" : `${figure(model.documents)} documents`}</Pair>
        <Pair name="Trained"><Trained model={model} say={day} /></Pair>
        <Pair name="Size, speed">{bytes(model.size_bytes)}{model.notes_per_s != null && `, ${figure(model.notes_per_s)} notes/s`}</Pair>
      </dl>
    </Card>
  );
}

function Rules({ rules }: { rules: readonly Wire["Rule"][] }) {
  return (
    <Table>
      <Table.Thead><Table.Tr><Table.Th>Rule</Table.Th><Table.Th w={112}>Result</Table.Th><Table.Th className="number">Measured</Table.Th><Table.Th className="number">Bound of it</Table.Th><Table.Th className="number">Limit</Table.Th><Table.Th>In words</Table.Th></Table.Tr></Table.Thead>
      <Table.Tbody>
        {rules.map((rule) => (
          <Table.Tr key={rule.name}>
            <Table.Td>{capital(spoken(rule.name).toLowerCase())}</Table.Td>
            <Table.Td><State state={rule.result} word={rule.result === "unknown" ? "cannot be told" : rule.result} /></Table.Td>
            <Table.Td className="number">{measured(rule, rule.value)}</Table.Td>
            <Table.Td className="number">{measured(rule, rule.bound)}</Table.Td>
            <Table.Td className="number">{measured(rule, rule.limit)}</Table.Td>
            <Table.Td>{typeset(rule.says)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

// What was trained and what came of it; what was served from when on.
import { Button, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, told, type Wire } from "../api/client";
import { Card, Empty, Loaded } from "../parts/Page";
import { State } from "../parts/State";
import { ago, moment, spoken, typeset } from "../parts/words";
import css from "./models.module.css";

type Ask = ((version: string) => void) | null;

export function Trainings({ approve, refuse }: { approve: Ask; refuse: Ask }) {
  const list = useQuery({
    queryKey: ["trainings"],
    queryFn: () => told(api.GET("/api/v1/trainings")),
    refetchInterval: (query) => (query.state.data?.items.some((t) => t.state === "running" || t.state === "waiting") ? 3_000 : 30_000),
  });
  return (
    <Card title="Trainings">
      <Loaded query={list}>
        {({ items }) =>
          items.length ? <ol className={css.story}>{items.slice(0, 20).map((t) => <TrainingItem key={t.id} training={t} approve={approve} refuse={refuse} />)}</ol>
            : <Empty title="Nothing was trained yet." icon="models">A training starts when enough notes were reviewed, when the notes drift, or when you start one.</Empty>
        }
      </Loaded>
    </Card>
  );
}

const TRIGGERS: Record<string, string> = { drift: "because notes have changed", gold: "because enough was reviewed", person: "asked for" };

function TrainingItem({ training: t, approve, refuse }: { training: Wire["Training"]; approve: Ask; refuse: Ask }) {
  const going = t.state === "running" || t.state === "waiting";
  return (
    <li>
      <div className={css.storyHead}>
        <State state={t.verdict ?? t.state} word={going ? `${t.state}: ${spoken(t.stage)}` : t.verdict ? `${VERDICTS[t.verdict]}` : undefined} />
        <span className="muted" title={moment(t.started_at)}>{ago(t.started_at)}</span>
      </div>
      <div>{TRIGGERS[t.trigger] ?? t.trigger}{t.trigger === "person" && ` by ${t.requested_by}`}{t.reason && `: ${t.reason}`}</div>
      {t.candidate && <div className="muted">candidate <code>{t.candidate}</code></div>}
      {t.approval && <Approval approval={t.approval} approve={of(approve, t.candidate)} refuse={of(refuse, t.candidate)} />}
      {t.failure && <div className={css.failure}>{t.failure}</div>}
      {t.reasons.length > 0 && <ul className={css.reasons}>{t.reasons.map((reason) => <li key={reason}>{typeset(reason)}</li>)}</ul>}
    </li>
  );
}

const of = (ask: Ask, version: string | null) => (ask && version ? () => ask(version) : null);

type Approving = { approval: NonNullable<Wire["Training"]["approval"]>; approve: (() => void) | null; refuse: (() => void) | null };

/** What a person made of a candidate, where one is asked; approving is to serve it. */
function Approval({ approval, approve, refuse }: Approving) {
  const { state, by, reason } = approval;
  return (
    <div className={css.approval}>
      <State state={state} word={APPROVALS[state]} />
      {by && <span className="muted">by {by}{reason && `: ${reason}`}</span>}
      {state === "waiting" && (
        <span>
          {approve && <Button size="compact-xs" onClick={approve}>Serve it …</Button>}
          {refuse && <Button size="compact-xs" variant="default" onClick={refuse}>Refuse it …</Button>}
        </span>
      )}
    </div>
  );
}

const APPROVALS: Record<string, string> = { waiting: "waits for a person's word", approved: "approved", refused: "refused", passed_over: "another was released first" };

export const VERDICTS: Record<string, string> = {
  promote: "earned its place",
  keep: "refused: the champion stays",
  inconclusive: "cannot be told: the champion stays",
};

const ACTIONS: Record<string, string> = { promote: "promoted", rollback: "rolled back to" };

export function Releases() {
  const list = useQuery({ queryKey: ["releases"], queryFn: () => told(api.GET("/api/v1/releases")) });
  return (
    <Card title="What was served, and from when on">
      <Loaded query={list}>
        {({ items }) =>
          items.length ? (
            <Table>
              <Table.Tbody>
                {items.map((r) => (
                  <Table.Tr key={r.number}>
                    <Table.Td style={{ whiteSpace: "nowrap" }}>{moment(r.at)}</Table.Td>
                    <Table.Td><code>{r.version}</code><div className="muted">{r.action === "install" ? `installed: ${r.reason}` : `${ACTIONS[r.action] ?? r.action} by ${r.by}${r.reason && `: ${typeset(r.reason)}`}`}</div></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          ) : <Empty title="No release yet." icon="models">Notes are read by the model that came with the package until another one is promoted.</Empty>
        }
      </Loaded>
    </Card>
  );
}

// The queue: how much waits and why, what I did today, and one button to begin.
import { Button, Table } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { usePageKeys } from "../app/Keys";
import { api, told, type Wire } from "../api/client";
import { useMe } from "../api/session";
import { Icon } from "../parts/Icon";
import { Card, Empty, Loaded, Page } from "../parts/Page";
import { sayDone } from "../parts/say";
import { ago, duration, figure, moment, plural } from "../parts/words";
import { useNext } from "./calls";
import { REOPEN } from "./keys";
import { Lately } from "./Lately";
import { useReopen } from "./reopening";
import { submitted } from "./submitted";
import { WHY } from "./why";
import css from "./review.module.css";

const KEYS = [["Enter", "review the next note"], [REOPEN, "reopen the note that you submitted last"]] as const;

export function QueuePage() {
  usePageKeys(KEYS);
  const next = useNext();
  const navigate = useNavigate();
  const me = useMe().data;
  const reopen = useReopen();
  const summary = useQuery({ queryKey: ["reviews", "summary"], queryFn: () => told(api.GET("/api/v1/reviews/summary")) });
  const begin = () =>
    next.mutate(undefined, {
      onSuccess: (noteId) => {
        if (noteId) void navigate({ to: "/review/$noteId", params: { noteId } });
        else sayDone("Nothing waits for review.");
      },
    });
  const again = () => {
    const noteId = submitted.last(me?.name ?? "");
    if (!noteId) sayDone("You have submitted nothing since the app was opened. What was submitted before is in the list.");
    else if (!reopen.isPending) reopen.mutate(noteId);
  };
  // A button in focus keeps its own.
  useHotkeys([["Enter", () => document.activeElement?.closest("button, a") || begin(), { preventDefault: false }], [REOPEN, again]]);
  return (
    <Page title="Review" about="What the model found, checked by you: keyboard only, one note after another." actions={<Button onClick={begin} loading={next.isPending}>Review next</Button>}>
      <Loaded query={summary} lines={2}>{(facts) => <Sums facts={facts} />}</Loaded>
      <Waiting state="claimed" title="In somebody's hands" />
      <Lately />
      <Waiting state="open" title="Waiting, the most urgent first" />
    </Page>
  );
}

function Sums({ facts }: { facts: Wire["ReviewSummary"] }) {
  const waiting = Object.entries(WHY).filter(([why]) => facts.by_why[why]);
  const held = facts.by_state.claimed ?? 0;
  return (
    <div className={css.sums}>
      <div><b className="numbers">{figure(facts.by_state.open ?? 0)}</b><span>waiting</span><small>{[...waiting.map(([why, { name }]) => `${figure(facts.by_why[why])} ${name}`), ...(held ? [`${figure(held)} of them taken`] : [])].join(" · ")}</small></div>
      <div><b className="numbers">{figure(facts.mine_today)}</b><span>reviewed by you today</span><small>{facts.mine_today ? `${duration(facts.mine_active_s_today / facts.mine_today)} a note` : ""}</small></div>
      <div><b className="numbers">{figure(facts.by_state.submitted ?? 0)}</b><span>submitted in all</span><small>what the next model learns from</small></div>
    </div>
  );
}

function Waiting({ state, title }: { state: "open" | "claimed"; title: string }) {
  const me = useMe().data;
  const navigate = useNavigate();
  const list = useQuery({ queryKey: ["reviews", state], queryFn: () => told(api.GET("/api/v1/reviews", { params: { query: { state, limit: 25 } } })) });
  const enter = (noteId: string) => void navigate({ to: "/review/$noteId", params: { noteId } });
  return (
    <Loaded query={list}>
      {({ items, next }) => {
        if (!items.length && state === "claimed") return null;
        if (!items.length) return <Card><Empty title="Nothing waits." icon="ok">New notes come here when the model is unsure of them, when they are drawn for the audit, or when somebody sends them.</Empty></Card>;
        return (
          <Card title={title} flush>
            <Table highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>Note</Table.Th><Table.Th>Why</Table.Th><Table.Th className="number">Corrections expected</Table.Th><Table.Th>Waiting since</Table.Th><Table.Th>{state === "claimed" ? "With" : ""}</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {items.map((item) => {
                  const others = item.claimed_by !== null && item.claimed_by !== me?.name;
                  return (
                    <Table.Tr key={item.note_id}>
                      <Table.Td><code>{item.note_id}</code></Table.Td>
                      <Table.Td title={WHY[item.why]?.about}>{WHY[item.why]?.name ?? item.why}{item.blind && <span className="muted"> · blind</span>}</Table.Td>
                      <Table.Td className="number">{item.priority ? item.priority.toFixed(1) : "–"}</Table.Td>
                      <Table.Td title={moment(item.queued_at)} style={{ whiteSpace: "nowrap" }}>{ago(item.queued_at)}</Table.Td>
                      <Table.Td>
                        {others ? <span className={css.with}><Icon name="lock" size={14} />{item.claimed_by}</span> : <Button size="compact-xs" variant="default" onClick={() => enter(item.note_id)}>{item.claimed_by ? "Go on" : "Review"}</Button>}
                      </Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
            {next && <p className={css.rest}>Only the first {plural(items.length, "note")} are shown.</p>}
          </Card>
        );
      }}
    </Loaded>
  );
}

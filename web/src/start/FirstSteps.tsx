// What is left to do before the system earns its keep, as the system itself sees it; it can be put away and called back.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, told, type Wire } from "../api/client";
import { useMe } from "../api/session";
import { Icon } from "../parts/Icon";
import { Card } from "../parts/Page";
import { plural } from "../parts/words";
import { putAway, useAway } from "./away";
import { left } from "./steps";
import { startTour } from "./tour";
import css from "./start.module.css";

export function useFirstSteps(enabled: boolean) {
  return useQuery({ queryKey: ["first steps"], enabled, queryFn: () => told(api.GET("/api/v1/first-steps")) });
}

export function FirstSteps() {
  const me = useMe().data;
  const away = useAway(me?.name ?? "");
  const steps = useFirstSteps(!away);
  if (!me || away || !steps.data) return null;
  const open = left(steps.data);
  return (
    <Card
      title="First steps"
      about={open ? `${plural(open, "step")} left before the system earns its keep.` : "All is set up."}
      actions={
        <>
          <Button size="compact-sm" variant="default" onClick={startTour}>Tour</Button>
          <Button size="compact-sm" variant="default" onClick={() => putAway(me.name)}>Put away</Button>
        </>
      }
    >
      <ol className={css.steps}>
        <Step done={steps.data.source} title="Connect a source" link={<Link to="/admin" search={{ tab: "keys" }}>Make a key for a program</Link>}>
          Put files into <code>{steps.data.inbox}</code>, let a program send notes, or <Link to="/data">take in a file</Link>.
        </Step>
        <Step done={steps.data.reviewer} title="Invite a reviewer" link={<Link to="/admin" search={{ tab: "people" }} hash="people">Invite somebody</Link>}>
          The model learns from what people correct; the step is done when one has come in.
        </Step>
        <Step done={steps.data.alerts} title="Choose alert channels" link={<Link to="/watch" hash="alerts">Where alerts go</Link>}>
          <Channels steps={steps.data} />
        </Step>
        <Step done={steps.data.baseline} title="Set the data-entry baseline" link={<Link to="/kpis" hash="baselines">Set what it took before</Link>}>
          How long a note takes by hand, and what an hour costs: savings are measured against it.
        </Step>
      </ol>
    </Card>
  );
}

function Step({ done, title, link, children }: { done: boolean; title: string; link: ReactNode; children: ReactNode }) {
  return (
    <li data-done={done || undefined}>
      <Icon name={done ? "ok" : "quiet"} size={18} />
      <div>
        <strong>{title}</strong> <span className={css.doneWord}>{done ? "done" : "to do"}</span>
        <div className={css.says}>{children}</div>
      </div>
      <span className={css.go}>{link}</span>
    </li>
  );
}

/** Where alerts go, on the page of the alerts. */
export function AlertsGo() {
  const steps = useFirstSteps(true);
  return steps.data ? <p className={css.channels}><Channels steps={steps.data} /></p> : null;
}

/** Says where alerts go beside this app, and how that is chosen. */
function Channels({ steps }: { steps: Wire["FirstSteps"] }) {
  return steps.alerts ? (
    <>Alerts are shown in the app and sent on by {steps.channels.join(", ")}.</>
  ) : (
    <>Alerts are only shown in the app. <code>BEHEALTHY_ALERT_URLS</code>, set where the system is started, sends them on by mail, chat or webhook, as <code>mailtos://…</code> or <code>slack://…</code>.</>
  );
}

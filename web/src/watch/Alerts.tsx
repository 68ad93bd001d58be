// What a person must know of, until somebody says that they do.
import { Button, SegmentedControl } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { useMay } from "../api/session";
import { Facts } from "../parts/Facts";
import { Card, Empty, Loaded } from "../parts/Page";
import { AlertsGo } from "../start/FirstSteps";
import { State } from "../parts/State";
import { ago, capital, moment } from "../parts/words";
import css from "./watch.module.css";

export function Alerts() {
  const may = useMay();
  const [state, setState] = useState<"open" | "acknowledged" | "resolved">("open");
  const alerts = useQuery({ queryKey: ["alerts", state], queryFn: () => told(api.GET("/api/v1/alerts", { params: { query: { state } } })) });
  return (
    <Card id="alerts" title="Alerts" actions={<SegmentedControl size="xs" value={state} onChange={(value) => setState(value as typeof state)} data={[{ value: "open", label: "Open" }, { value: "acknowledged", label: "Acknowledged" }, { value: "resolved", label: "Over" }]} aria-label="which alerts" />}>
      <Loaded query={alerts}>
        {({ items }) =>
          items.length ? <ul className={css.alerts}>{items.map((alert) => <AlertItem key={alert.id} alert={alert} />)}</ul>
            : <Empty title={NONE[state]} icon="ok">{state === "open" ? "When notes change or something fails, it is said here and where alerts are sent." : null}</Empty>
        }
      </Loaded>
      {may("admin") && <AlertsGo />}
    </Card>
  );
}

const NONE = { open: "Nothing is open.", acknowledged: "None was acknowledged.", resolved: "None is over." };
const TONES: Record<string, string> = { info: "info", warning: "drift", critical: "critical" };

function AlertItem({ alert }: { alert: Wire["Alert"] }) {
  const may = useMay();
  const acknowledge = useMutation({
    mutationFn: () => told(api.POST("/api/v1/alerts/{alert_id}:acknowledge", { params: { path: { alert_id: alert.id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
  return (
    <li>
      <div className={css.alertHead}>
        <State state={TONES[alert.severity] ?? alert.severity} word={alert.severity} />
        <strong>{capital(alert.title)}</strong>
      </div>
      <div className="muted" title={moment(alert.last_at)}>
        {alert.kind} · {ago(alert.last_at)}{alert.times > 1 && ` · ${alert.times} times since ${moment(alert.at)}`}
        {alert.acknowledged_by && ` · ${alert.acknowledged_by} knows`}
        {alert.sending_failed && " · could not be sent out"}
      </div>
      <details><summary>Facts</summary><Facts facts={alert.facts} /></details>
      {alert.state === "open" && may("monitor:write") && <Button size="compact-xs" variant="default" loading={acknowledge.isPending} onClick={() => acknowledge.mutate()}>Acknowledge</Button>}
    </li>
  );
}

// What is left to do before the system earns its keep: a list that goes away when all is done.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, told } from "../api/client";
import { Card } from "../parts/Page";
import { Icon } from "../parts/Icon";
import css from "./admin.module.css";

export function FirstSteps() {
  const notes = useQuery({ queryKey: ["notes", "any"], queryFn: () => told(api.GET("/api/v1/notes", { params: { query: { limit: 1 } } })) });
  const users = useQuery({ queryKey: ["users"], queryFn: () => told(api.GET("/api/v1/users")) });
  const baselines = useQuery({ queryKey: ["baselines"], queryFn: () => told(api.GET("/api/v1/kpis/baselines")) });
  if (!notes.data || !users.data || !baselines.data) return null;
  const steps: { done: boolean; what: ReactNode }[] = [
    { done: notes.data.items.length > 0, what: <>Connect a source: put notes into the inbox folder, send them with a <Link to="/admin" search={{ tab: "keys" }}>key</Link>, or <Link to="/data">take in a file</Link>.</> },
    { done: users.data.items.some((user) => user.role === "reviewer" && !user.invited), what: "Invite a reviewer, below: the model learns from what people correct." },
    { done: baselines.data.items.length > 0, what: <>Say what the work took before, on the <Link to="/kpis">KPIs</Link> page: savings are measured against it.</> },
  ];
  if (steps.every((step) => step.done)) return null;
  return (
    <Card title="First steps" about="Alerts are shown in the app; BEHEALTHY_ALERT_URLS sends them on by mail, chat or webhook.">
      <ol className={css.steps}>
        {steps.map((step, i) => (
          <li key={i} data-done={step.done || undefined}>
            <Icon name={step.done ? "ok" : "quiet"} size={18} />
            <span>{step.what}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

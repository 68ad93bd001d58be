// What the work took before: the facts that only the business knows, which several KPIs rest on.
import { Button, NumberInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, told, type Wire } from "../api/client";
import { queries } from "../api/queries";
import { Card, Loaded } from "../parts/Page";
import { sayDone } from "../parts/say";
import { capital, day, spoken } from "../parts/words";
import { BASELINES } from "./naming";
import css from "./kpis.module.css";

const RANGES: Record<string, string> = { trained_personnel_f1: "0 to 1" };

export function Baselines({ change }: { change: boolean }) {
  const baselines = useQuery({ queryKey: ["baselines"], queryFn: () => told(api.GET("/api/v1/kpis/baselines")) });
  return (
    <Card id="baselines" title="What the work took before" about="Several KPIs compare with it; without it they say that data lacks.">
      <Loaded query={baselines}>{({ items }) => <Form key={items.map((b) => b.at).join()} items={items} change={change} />}</Loaded>
    </Card>
  );
}

function Form({ items, change }: { items: readonly Wire["Baseline"][]; change: boolean }) {
  const names = [...new Set([...Object.keys(BASELINES), ...items.map((b) => b.name)])];
  const [values, setValues] = useState<Record<string, number | string>>(Object.fromEntries(items.map((b) => [b.name, b.value])));
  const changed = names.flatMap((name) => {
    const value = values[name];
    return typeof value === "number" && value !== items.find((b) => b.name === name)?.value ? [{ name, value }] : [];
  });
  const save = useMutation({
    mutationFn: () => told(api.PUT("/api/v1/kpis/baselines", { body: { items: changed } })),
    onSuccess: () => {
      for (const key of ["baselines", "kpis", "first steps"]) void queries.invalidateQueries({ queryKey: [key] });
      sayDone("The baselines are set.");
    },
  });
  return (
    <form className={css.form} onSubmit={(event) => { event.preventDefault(); save.mutate(); }}>
      {names.map((name) => {
        const known = items.find((b) => b.name === name);
        return (
          <NumberInput key={name} size="sm" label={BASELINES[name] ?? capital(spoken(name))} description={[RANGES[name], known ? `set by ${known.by} on ${day(known.at)}` : "not set"].filter(Boolean).join("; ")} min={0} value={values[name] ?? ""} onChange={(value) => setValues((all) => ({ ...all, [name]: value }))} disabled={!change} hideControls />
        );
      })}
      {change && <Button type="submit" variant="default" disabled={!changed.length} loading={save.isPending}>Set</Button>}
    </form>
  );
}

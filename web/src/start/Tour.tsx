// The tour: a small card over the page that it speaks of, which stays usable under it; no dialog, so that keys go on.
import { Button, CloseButton } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { pagesOf } from "../app/pages";
import type { Me } from "../api/session";
import { useStore } from "../parts/store";
import { endTour, tour } from "./tour";
import { recallSteps } from "./away";
import { tourOf } from "./steps";
import css from "./start.module.css";

export function Tour({ me }: { me: Me }) {
  const at = useStore(tour);
  const steps = tourOf(pagesOf(me));
  const step = at === null ? undefined : steps[at];
  const navigate = useNavigate();
  const next = useRef<HTMLButtonElement>(null);
  const to = step?.to;
  useEffect(() => {
    if (to) void navigate({ to }).then(() => next.current?.focus({ preventScroll: true }));
  }, [to, navigate]);
  if (!step || at === null) return null;
  const last = at === steps.length - 1;
  const end = () => {
    endTour();
    if (!me.rights.includes("admin")) return;
    recallSteps(me.name);
    void navigate({ to: "/admin" });
  };
  return (
    <aside className={`${css.tour} noprint`} aria-label={`Tour, step ${at + 1} of ${steps.length}`} onKeyDown={(event) => event.key === "Escape" && endTour()}>
      <header className={css.tourHead}>
        <span className="muted numbers">{at + 1} of {steps.length}</span>
        <CloseButton size="sm" aria-label="end the tour" onClick={endTour} />
      </header>
      <strong>{step.title}</strong>
      <p>{step.says}</p>
      <p className={css.tries}>{step.tries}</p>
      <footer className={css.tourFoot}>
        <Button variant="default" size="compact-sm" disabled={at === 0} onClick={() => tour.set(at - 1)}>Back</Button>
        <Button ref={next} size="compact-sm" onClick={last ? end : () => tour.set(at + 1)}>{last ? (me.rights.includes("admin") ? "To the first steps" : "Done") : "Next"}</Button>
      </footer>
    </aside>
  );
}

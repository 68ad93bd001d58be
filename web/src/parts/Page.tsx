// The frame of every page: a title, what can be done, what is there; and what is shown where nothing is.
import { Button, Loader, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, type ReactNode } from "react";
import { Problem } from "../api/client";
import { Icon, type IconName } from "./Icon";
import css from "./parts.module.css";

export function Page({ title, about, actions, children, wide }: { title: string; about?: ReactNode; actions?: ReactNode; children: ReactNode; wide?: boolean }) {
  useEffect(() => {
    document.title = `${title} · BeHealthy`;
  }, [title]);
  return (
    <main className={css.page} data-wide={wide || undefined}>
      <header className={css.head}>
        <div>
          <h1 className={css.title}>{title}</h1>
          {about && <p className={css.about}>{about}</p>}
        </div>
        {actions && <div className={`${css.actions} noprint`}>{actions}</div>}
      </header>
      {children}
    </main>
  );
}

/** A part of a page; one with an id is brought into view when a link asks for it, as /kpis#baselines does. */
export function Card({ id, title, about, actions, children, flush }: { id?: string; title?: ReactNode; about?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean }) {
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    if (id && window.location.hash === `#${id}`) card.current?.scrollIntoView({ block: "start" });
  }, [id]);
  return (
    <section ref={card} id={id} className={css.card} data-flush={flush || undefined}>
      {(title || actions) && (
        <div className={css.cardHead}>
          <div>
            <h2 className={css.cardTitle}>{title}</h2>
            {about && <p className={css.about}>{about}</p>}
          </div>
          {actions && <div className={css.actions}>{actions}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

/** Says what will be here, and the one thing to do. */
export function Empty({ title, children, icon = "empty", action }: { title: string; children?: ReactNode; icon?: IconName; action?: ReactNode }) {
  return (
    <div className={css.empty}>
      <Icon name={icon} size={32} />
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export function NotForYou() {
  return <Empty title="This is not for your role." icon="lock">The rail on the left shows the pages that are yours.</Empty>;
}

export function Refused({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : null;
  if (problem?.status === 403) return <NotForYou />;
  return (
    <Empty title={problem?.message ?? "Something went wrong."} icon="warning" action={retry && <Button variant="default" onClick={retry}>Try again</Button>}>
      {problem?.faults.join("; ") || (problem?.requestId ? `Request ${problem.requestId}` : null)}
    </Empty>
  );
}

/** Shows what was read; a skeleton until then, with what is said of long work, and why when it could not be. */
export function Loaded<T>({ query, children, lines = 4, says }: { query: UseQueryResult<T>; children: (data: T) => ReactNode; lines?: number; says?: ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Refused error={query.error} retry={() => void query.refetch()} />;
  return (
    <div className={css.skeleton} aria-busy="true" aria-label="loading">
      {says && <p className={css.longer}><Loader size={16} />{says}</p>}
      {Array.from({ length: lines }, (_, i) => <Skeleton key={i} height={16} width={`${90 - ((i * 17) % 40)}%`} />)}
    </div>
  );
}

// The frame of the pages outside the app.
import type { ReactNode } from "react";
import { useEffect } from "react";
import { SchemeButton } from "../app/Shell";
import css from "./login.module.css";

export function Door({ title, about, children }: { title: string; about: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · BeHealthy`;
  }, [title]);
  return (
    <div className={css.door}>
      <div className={css.scheme}><SchemeButton /></div>
      <main className={css.card}>
        <img src="/mark.svg" alt="" width={40} height={40} />
        <h1 className={css.title}>{title}</h1>
        <p className={css.about}>{about}</p>
        {children}
      </main>
      <p className={css.foot}>Clinical notes in, diseases and their treatments out.</p>
    </div>
  );
}

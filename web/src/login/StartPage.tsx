// The page of a one-time link: sets the first password and goes in.
import { Button, PasswordInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useStart } from "../api/session";
import { firstPage } from "../app/pages";
import { startTour } from "../start/tour";
import { Door } from "./Door";
import { Why } from "./Why";
import css from "./login.module.css";

const SHORTEST = 12;

/** The token of the link: /start?token=…, /start#token=… or /#/start?token=… */
export function tokenOf(address: { search: string; hash: string }): string {
  const query = new URLSearchParams(address.search).get("token");
  return query ?? new URLSearchParams(address.hash.replace(/^#(\/start)?\??/, "")).get("token") ?? "";
}

export function StartPage() {
  const [token] = useState(() => tokenOf(window.location));
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const start = useStart();
  const navigate = useNavigate();
  const short = password.length > 0 && password.length < SHORTEST;
  const differs = again.length > 0 && again !== password;
  const ready = token && password.length >= SHORTEST && again === password;
  const run = () => start.mutate({ token, password }, { onSuccess: (me) => {
    if (me.role === "admin") startTour();
    void navigate({ to: firstPage(me), replace: true });
  } });
  return (
    <Door title="Welcome" about="Choose your password. The link works once.">
      <form className={css.form} onSubmit={(event) => { event.preventDefault(); if (ready) run(); }}>
        {!token && <Why>The link is not whole: it must carry a token. Copy all of it.</Why>}
        {start.error && <Why>{start.error.message}</Why>}
        <PasswordInput label="Password" description={`At least ${SHORTEST} characters; a sentence is good.`} autoComplete="new-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} error={short && again ? `At least ${SHORTEST} characters` : undefined} autoFocus />
        <PasswordInput label="The same again" autoComplete="new-password" value={again} onChange={(e) => setAgain(e.currentTarget.value)} error={differs ? "Not the same" : undefined} />
        <Button type="submit" loading={start.isPending} disabled={!ready} fullWidth>Set password and go in</Button>
      </form>
    </Door>
  );
}

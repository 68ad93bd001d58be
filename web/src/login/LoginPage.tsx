// Log in with name and password.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { Problem } from "../api/client";
import { useEnter } from "../api/session";
import { Door } from "./Door";
import { Why } from "./Why";
import css from "./login.module.css";

export function LoginPage() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const enter = useEnter();
  const wrong = enter.error instanceof Problem && enter.error.status === 401;
  return (
    <Door title="Log in" about="With the name you were invited under.">
      <form className={css.form} onSubmit={(event) => { event.preventDefault(); enter.mutate({ name: name.trim(), password }); }}>
        {enter.error && <Why>{wrong ? "Name and password do not belong together." : enter.error.message}</Why>}
        <TextInput label="Name" name="name" autoComplete="username" value={name} onChange={(e) => setName(e.currentTarget.value)} required withAsterisk={false} autoFocus />
        <PasswordInput label="Password" name="password" autoComplete="current-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} required withAsterisk={false} />
        <Button type="submit" loading={enter.isPending} fullWidth>Log in</Button>
      </form>
    </Door>
  );
}

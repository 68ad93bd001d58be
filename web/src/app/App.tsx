// Decides what is shown: the one-time link's page, the login, or the app.
import { useLocation } from "@tanstack/react-router";
import { Center, Loader } from "@mantine/core";
import { useMe } from "../api/session";
import { LoginPage } from "../login/LoginPage";
import { StartPage } from "../login/StartPage";
import { Refused } from "../parts/Page";
import { Shell } from "./Shell";

export function App() {
  const me = useMe();
  const path = useLocation({ select: (location) => location.pathname });
  if (path === "/start" || window.location.hash.startsWith("#/start")) return <StartPage />;
  if (me.data) return <Shell me={me.data} />;
  if (me.data === null) return <LoginPage />;
  return (
    <Center mih="60vh">
      {me.error ? <Refused error={me.error} retry={() => void me.refetch()} /> : <Loader size="sm" aria-label="loading" />}
    </Center>
  );
}

// The frame: the rail on the left by role, the page on the right, the palette and the keys over both.
import { ActionIcon, Menu, Tooltip, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { api, told } from "../api/client";
import { ROLE_NAMES, useLeave, type Me } from "../api/session";
import { Icon, type IconName } from "../parts/Icon";
import { NotForYou, Page } from "../parts/Page";
import { useAway } from "../start/away";
import { useFirstSteps } from "../start/FirstSteps";
import { left } from "../start/steps";
import { Tour } from "../start/Tour";
import { KeysHelp, showKeys } from "./Keys";
import { Palette, openPalette } from "./Palette";
import { foreignPage, pagesOf, type PageOf } from "./pages";
import css from "./app.module.css";

export function Shell({ me }: { me: Me }) {
  useHotkeys([["shift+?", showKeys], ["?", showKeys]]); // some keyboards have it without Shift
  const foreign = useLocation({ select: (location) => foreignPage(me, location.pathname) });
  return (
    <div className={css.shell}>
      <a className={css.skip} href="#page">Skip to the page</a>
      <Rail me={me} />
      <div className={css.content} id="page" tabIndex={-1}>
        {foreign ? <NotYours name={foreign.name} /> : <Outlet />}
      </div>
      <Palette me={me} />
      <KeysHelp me={me} />
      <Tour me={me} />
    </div>
  );
}

function NotYours({ name }: { name: string }) {
  return <Page title={name}><NotForYou /></Page>;
}

function Rail({ me }: { me: Me }) {
  return (
    <nav className={`${css.rail} noprint`} aria-label="pages">
      <div className={css.brand}>
        <img src="/mark.svg" alt="" width={24} height={24} />
        <span>BeHealthy</span>
      </div>
      <UnstyledButton className={css.search} onClick={openPalette}>
        <Icon name="search" size={14} />
        <span>Go to …</span>
        <kbd>Ctrl K</kbd>
      </UnstyledButton>
      <div className={css.links}>
        {pagesOf(me).map((page) => <RailLink key={page.to} me={me} page={page} />)}
      </div>
      <div className={css.foot}>
        <Person me={me} />
        <div className={css.tools}>
          <SchemeButton />
          <Tooltip label="Keys of this page (?)"><ActionIcon variant="subtle" color="gray" aria-label="keys of this page" onClick={showKeys}><Icon name="keys" /></ActionIcon></Tooltip>
        </div>
      </div>
    </nav>
  );
}

function RailLink({ me, page }: { me: Me; page: PageOf }) {
  return (
    <Link to={page.to} className={css.link} activeProps={{ "data-active": true }}>
      <Icon name={page.icon} size={18} />
      <span>{page.name}</span>
      {page.to === "/watch" && <OpenAlerts />}
      {page.to === "/review" && <Waiting />}
      {page.to === "/admin" && <StepsLeft me={me} />}
    </Link>
  );
}

function OpenAlerts() {
  const alerts = useQuery({ queryKey: ["alerts", "open"], refetchInterval: 60_000, queryFn: () => told(api.GET("/api/v1/alerts", { params: { query: { state: "open" } } })) });
  const count = alerts.data?.items.length ?? 0;
  return count ? <span className={css.count} data-loud title="open alerts">{count}</span> : null;
}

function Waiting() {
  const summary = useQuery({ queryKey: ["reviews", "summary"], refetchInterval: 60_000, queryFn: () => told(api.GET("/api/v1/reviews/summary")) });
  const count = summary.data?.by_state.open ?? 0;
  return count ? <span className={css.count} title="notes that wait">{count > 999 ? "999+" : count}</span> : null;
}

function StepsLeft({ me }: { me: Me }) {
  const away = useAway(me.name);
  const steps = useFirstSteps(!away);
  const count = !away && steps.data ? left(steps.data) : 0;
  return count ? <span className={css.count} title="first steps that are left">{count}</span> : null;
}

function Person({ me }: { me: Me }) {
  const leave = useLeave();
  return (
    <Menu position="right-end" shadow="md" width={200}>
      <Menu.Target>
        <UnstyledButton className={css.person}>
          <span className={css.initial} aria-hidden="true">{me.name.charAt(0).toUpperCase()}</span>
          <span className={css.name} title={me.name}>
            <strong>{me.name}</strong>
            <small>{ROLE_NAMES[me.role] ?? me.role}</small>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href="/docs" target="_blank" leftSection={<Icon name="info" />}>API reference</Menu.Item>
        <Menu.Item leftSection={<Icon name="leave" />} onClick={() => leave.mutate()}>Log out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const SCHEMES: Record<MantineColorScheme, { next: MantineColorScheme; icon: IconName; says: string }> = {
  auto: { next: "light", icon: "auto", says: "Colours: as the system has them" },
  light: { next: "dark", icon: "sun", says: "Colours: light" },
  dark: { next: "auto", icon: "moon", says: "Colours: dark" },
};

export function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, icon, says } = SCHEMES[colorScheme];
  return (
    <Tooltip label={says}>
      <ActionIcon variant="subtle" color="gray" aria-label={says} onClick={() => setColorScheme(next)}>
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}

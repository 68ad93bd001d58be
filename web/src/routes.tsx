// The addresses of the app; each page is loaded when it is first opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate } from "@tanstack/react-router";
import { App } from "./app/App";
import { Fault } from "./app/Fault";
import { firstPage } from "./app/pages";
import { useMe } from "./api/session";
import { StartPage } from "./login/StartPage";
import { Empty } from "./parts/Page";

const root = createRootRoute({ component: App, notFoundComponent: NotFound, errorComponent: ({ error }) => <Fault.Shown error={error} /> });

function NotFound() {
  return <Empty title="There is no such page.">The rail on the left shows those that there are.</Empty>;
}

function Home() {
  const me = useMe().data;
  // An invitation may come as /#/start?token=…, which only the browser sees.
  if (window.location.hash.startsWith("#/start")) return <StartPage />;
  return me ? <Navigate to={firstPage(me)} replace /> : null;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

const tree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: "/", component: Home }),
  createRoute({ getParentRoute: () => root, path: "/start", component: StartPage }),
  createRoute({ getParentRoute: () => root, path: "/extract", component: lazyRouteComponent(() => import("./extract/ExtractPage"), "ExtractPage") }),
  createRoute({ getParentRoute: () => root, path: "/review", component: lazyRouteComponent(() => import("./review/QueuePage"), "QueuePage") }),
  createRoute({ getParentRoute: () => root, path: "/review/$noteId", component: lazyRouteComponent(() => import("./review/ReviewPage"), "ReviewPage") }),
  createRoute({ getParentRoute: () => root, path: "/models", component: lazyRouteComponent(() => import("./models/ModelsPage"), "ModelsPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/models/compare",
    validateSearch: (search) => ({ left: text(search.left) ?? "", right: text(search.right) ?? "" }),
    component: lazyRouteComponent(() => import("./models/ComparePage"), "ComparePage"),
  }),
  createRoute({ getParentRoute: () => root, path: "/watch", component: lazyRouteComponent(() => import("./watch/WatchPage"), "WatchPage") }),
  createRoute({ getParentRoute: () => root, path: "/kpis", component: lazyRouteComponent(() => import("./kpis/KpisPage"), "KpisPage") }),
  createRoute({
    getParentRoute: () => root,
    path: "/data",
    validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
    component: lazyRouteComponent(() => import("./data/DataPage"), "DataPage"),
  }),
  createRoute({
    getParentRoute: () => root,
    path: "/admin",
    validateSearch: (search): { tab?: string } => ({ tab: text(search.tab) }),
    component: lazyRouteComponent(() => import("./admin/AdminPage"), "AdminPage"),
  }),
]);

// A page that breaks leaves the rail standing, so that the others can be reached.
export const router = createRouter({ routeTree: tree, defaultErrorComponent: ({ error }) => <Fault.Shown error={error} />, defaultPreload: "intent", scrollRestoration: true });

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

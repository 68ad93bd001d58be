// The pages of the rail, in order, and whose they are.
import type { Me } from "../api/session";
import type { IconName } from "../parts/Icon";

export interface PageOf {
  to: "/extract" | "/review" | "/watch" | "/models" | "/kpis" | "/data" | "/admin";
  name: string;
  icon: IconName;
  about: string;
  rights: readonly string[]; // one of them is enough
}

export const PAGES: readonly PageOf[] = [
  { to: "/extract", name: "Extract", icon: "extract", about: "Read a note: diseases, codes, treatments", rights: ["extract"] },
  { to: "/review", name: "Review", icon: "review", about: "Check what the model found, by keyboard", rights: ["reviews"] },
  { to: "/watch", name: "Watch", icon: "watch", about: "Drift, performance, alerts", rights: ["monitor:read"] },
  { to: "/models", name: "Models", icon: "models", about: "Versions, figures, promote, roll back", rights: ["models:read"] },
  { to: "/kpis", name: "KPIs", icon: "kpis", about: "Whether it pays, in eight numbers", rights: ["kpis:read"] },
  { to: "/data", name: "Data", icon: "data", about: "Notes, quarantine, datasets", rights: ["notes:read", "quarantine"] },
  { to: "/admin", name: "Admin", icon: "admin", about: "People, keys, audit trail", rights: ["admin"] },
];

export const pagesOf = (me: Me): readonly PageOf[] => PAGES.filter((page) => page.rights.some((right) => me.rights.includes(right)));

/** The page that an address belongs to, where it is none of a person's; null for all others. */
export function foreignPage(me: Me, path: string): PageOf | null {
  const page = PAGES.find(({ to }) => path === to || path.startsWith(`${to}/`));
  return page && !pagesOf(me).includes(page) ? page : null;
}

export const firstPage = (me: Me): PageOf["to"] => (me.role === "reviewer" ? "/review" : (pagesOf(me)[0]?.to ?? "/kpis"));

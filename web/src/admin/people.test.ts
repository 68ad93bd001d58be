import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import { queries } from "../api/queries";
import { FOR_GOOD, People } from "./People";

const user = (name: string, active: boolean) => ({ id: `u_${name}`, name, role: "reviewer", active, invited: false, created_at: "2026-01-01T00:00:00Z" });

function rows(...items: ReturnType<typeof user>[]): string[] {
  queries.setQueryData(["me"], { name: "ada", role: "admin", rights: ["admin"] });
  queries.setQueryData(["users"], { items, next: null });
  const page = createElement(MantineProvider, null, createElement(QueryClientProvider, { client: queries }, createElement(People)));
  return renderToStaticMarkup(page).split("<tr").slice(2);
}

it("a new link is offered for whoever may log in, and not for who was deactivated: the server refuses it", () => {
  const [bob, eve] = rows(user("bob", true), user("eve", false));
  expect(bob).toContain("bob");
  expect(bob).toContain("New link");
  expect(eve).toContain("eve");
  expect(eve).not.toContain("New link");
});

it("deactivating promises no way back that the server does not have", () => {
  expect(FOR_GOOD).not.toMatch(/link/);
  expect(FOR_GOOD).toMatch(/cannot be undone/);
});

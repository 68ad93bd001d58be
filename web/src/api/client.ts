// The API, typed by its own OpenAPI document; every refusal becomes a Problem.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Wire = components["schemas"];

/** State-changing calls of a browser carry this header: other sites cannot send it. */
export const OURS = { "X-BeHealthy": "1" };

export const api = createClient<paths>({ baseUrl: "", headers: OURS, credentials: "same-origin" });

/** Why a call did not give what it should: the server's problem+json, or that it could not be reached. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    title: string,
    readonly status: number,
    readonly code: string,
    readonly faults: readonly string[] = [],
    readonly requestId: string | null = null,
  ) {
    super(title);
  }

  /** The server could not be reached, or is too busy: the same call may work later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

const AWAY = new Problem("The server cannot be reached. What you do is kept here until it is back.", 0, "unreachable");

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Gives what a call was answered. Throws a Problem when it was refused or never arrived. */
export async function told<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await answered(call)).data as T;
}

/** As `told`, with the response for its headers. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch {
    throw AWAY;
  }
  if (!answer.response.ok) throw problemOf(answer.response, answer.error);
  return answer;
}

function problemOf(response: Response, body: unknown): Problem {
  const facts = (typeof body === "object" && body !== null ? body : {}) as Partial<Wire["ProblemDetails"]>;
  const all = facts.errors ?? [];
  const alone = all.length === 1 && !all[0]!.path ? all[0]!.message : null; // says more than the status's own phrase
  const title = alone ?? facts.title ?? `The server refused (${response.status}).`;
  const faults = alone ? [] : all.map((e) => (e.path ? `${e.path}: ${e.message}` : e.message));
  const id = facts.request_id ?? response.headers.get("X-Request-ID");
  return new Problem(title.charAt(0).toUpperCase() + title.slice(1), response.status, facts.code ?? "unknown", faults, id);
}

/** Hands a file of the server to the browser's downloads. */
export async function download(path: string, body: object, name: string): Promise<void> {
  const sent = fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { ...OURS, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const { response } = await answered(sent.then(async (response) => ({ response, error: response.ok ? null : await response.json().catch(() => null) })));
  const address = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

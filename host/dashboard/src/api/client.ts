/**
 * Requests to the daemon that serves this page: cookie, CSRF header, problems as values. A GET that got no answer
 * is sent again; nothing else is, for it may have been done.
 */
import { signal } from "@preact/signals";
import { type Answer, fromAnswer, noAnswer } from "./problem";
import { forgetSecret, secret } from "./secret";

/** Whether the daemon answered the last request. `gone` shows a banner and keeps what is on the page. */
export const daemon = signal<"up" | "gone">("up");
/** Grows when the daemon is back: what waits for it asks again. */
export const returns = signal(0);
/** Called when an answer says that nobody is known by this cookie any more, with the secret there was when it was asked. */
export const signedOut: { listener: (had: string | null) => void } = { listener: () => undefined };

const TRIES = 3;
const PAUSE_MS = 250;
const TIMEOUT_MS = 30_000;

export interface Options {
  method?: "GET" | "POST" | "DELETE";
  query?: Record<string, string | number | null | undefined>;
  body?: unknown;
  signal?: AbortSignal;
  /** What the body of an answer is read as. */
  as?: "json" | "text" | "blob";
  timeoutMs?: number;
}

export async function request<T>(path: string, options: Options = {}): Promise<Answer<T>> {
  const method = options.method ?? "GET";
  const tries = method === "GET" ? TRIES : 1;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once<T>(path, method, options);
    const again = !answer.ok && answer.problem.kind === "gone" && attempt < tries;
    if (!again) {
      if (!answer.ok && answer.problem.kind === "gone") daemon.value = "gone";
      return answer;
    }
    await new Promise((wake) => setTimeout(wake, PAUSE_MS * 2 ** (attempt - 1)));
  }
}

async function once<T>(path: string, method: string, options: Options): Promise<Answer<T>> {
  const headers = new Headers();
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  const had = secret();
  if (method !== "GET" && had !== null) headers.set("X-Sentinel-CSRF", had);
  const late = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  try {
    const response = await fetch(path + queryOf(options.query), {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: options.signal === undefined ? late : AbortSignal.any([options.signal, late]),
    });
    if (response.status !== 502) back();
    if (!response.ok) {
      const problem = fromAnswer(response.status, await response.json().catch(() => null));
      if (problem.kind === "signed-out" && path !== "/v1/login") signedOut.listener(had);
      // It is of another login: it is as if there were none.
      if (problem.code === "bad-csrf") forgetSecret(had);
      return { ok: false, problem };
    }
    const value: unknown =
      options.as === "text" ? await response.text() : options.as === "blob" ? await response.blob() : await body(response);
    return { ok: true, value: value as T };
  } catch {
    return { ok: false, problem: noAnswer(options.signal?.aborted === true) };
  }
}

async function body(response: Response): Promise<unknown> {
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

function queryOf(query: Options["query"]): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === null || value === undefined || value === "" ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`;
}

function back(): void {
  if (daemon.value === "up") return;
  daemon.value = "up";
  returns.value += 1;
}

/**
 * Lets a Sentinel daemon decide (`POST /v1/evaluate`), wait for people, and settle (`POST /v1/audit`), so that
 * several processes share budgets. What is not an answer with a verdict permits nothing.
 */

import { orAborted, QUESTIONS_MAX } from "./approvals.js";
import { asObject } from "./base64.js";
import type { Verdict } from "./core.js";
import { GuardError, type DenialContext, type FaultCode, type Told } from "./error.js";
import type { RecordOutcome } from "./record.js";
import { uuid } from "./uuid.js";

export interface DaemonOptions {
  /** Such as `http://127.0.0.1:3100`. */
  url: string;
  /** A token or an API key that may evaluate for the agent. */
  token: string;
  /** A session that the daemon started, for budgets per session. */
  sessionId?: string;
  /** For one question to the daemon: 10 seconds if nothing is said. */
  timeoutMs?: number;
  /** Whether requests wait for people to answer. */
  wait?: boolean;
  /** How the daemon is reached: the runtime's own fetch if nothing is said. */
  fetch?: typeof globalThis.fetch;
}

export interface Ruling {
  readonly verdictId: string;
  readonly verdict: Verdict;
  readonly approvalId: string | null;
}

/** What is reported of a call. */
export interface Report {
  readonly agentId: string;
  readonly toolName: string;
  readonly verdictId: string;
  readonly outcome: Exclude<RecordOutcome, "blocked">;
  readonly durationMs: number;
  readonly toolOutput: Record<string, string | number>;
  readonly error?: string;
}

const TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 5;
const WAIT_SECONDS = 25;

/** Requests to a daemon with its credential; shared with the storage that reports to one. */
export class DaemonClient {
  readonly #base: string;
  readonly #token: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #timeoutMs: number;

  constructor({ url, token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch }: Pick<DaemonOptions, "url" | "token" | "timeoutMs" | "fetch">) {
    const own = new URL(url);
    if ((own.protocol !== "http:" && own.protocol !== "https:") || own.username !== "" || own.password !== "") {
      throw new TypeError("`url` of the daemon is not a plain http or https URL");
    }
    this.#base = own.href.replace(/\/+$/, "");
    this.#token = token;
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
  }

  /** The answer, whatever its status. Rejects where there is none. */
  async send(method: "GET" | "POST", path: string, body: string | null, headers: Record<string, string> = {}, moreMs = 0): Promise<{ status: number; body: Record<string, unknown> | null }> {
    const fetch = this.#fetch;
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...(body === null ? {} : { "content-type": "application/json" }), ...headers },
      body,
      // A daemon leads nobody elsewhere, least of all with a credential: an answer that does is no verdict.
      redirect: "manual",
      signal: AbortSignal.timeout(this.#timeoutMs + moreMs),
    });
    const text = await response.text();
    let json: unknown = null;
    try {
      json = JSON.parse(text);
    } catch {
      // Not JSON is no answer.
    }
    return { status: response.status, body: asObject(json) };
  }
}

/** Whether the same would be refused again. What is wrong with a credential may be put right, and a crowd leaves. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}

/** Whether no answer came because the time was over. */
function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** A daemon that decides for one agent. */
export class DaemonDecider {
  readonly #client: DaemonClient;
  readonly #agentId: string;
  readonly #sessionId: string | undefined;
  readonly #waits: boolean;
  readonly #waitMs: number;
  readonly #onError: Told;
  /** Reports that are under way. */
  readonly #reporting = new Set<Promise<void>>();

  constructor(agentId: string, options: DaemonOptions, waitMs: number, onError: Told) {
    this.#client = new DaemonClient(options);
    this.#agentId = agentId;
    this.#sessionId = options.sessionId;
    this.#waits = options.wait ?? true;
    this.#waitMs = waitMs;
    this.#onError = onError;
  }

  /** Decides, and waits for people where it has to. */
  async decide(call: string, signal: AbortSignal): Promise<Ruling> {
    // Only texts are added: written anew, numbers and escapes would be others than those that were decided.
    const body = this.#sessionId === undefined ? call : `${call.slice(0, -1)},"sessionId":${JSON.stringify(this.#sessionId)}}`;
    const toolName = asObject(JSON.parse(call))?.["toolName"];
    for (let questions = 0; ; questions += 1) {
      // After a yes the very same bytes once more: that is what the yes is for. Where another request used it
      // up, this one asks for itself.
      const ruling = await orAborted(this.#evaluate(body, toolName), signal);
      if (ruling.verdict.permitted || ruling.approvalId === null || !this.#waits) return ruling;
      const refused = (code: FaultCode) => GuardError.fault(code, { agentId: this.#agentId, ...ruling });
      if (questions === QUESTIONS_MAX) throw refused("approval-too-many");
      const answer = await orAborted(this.#answer(ruling.approvalId), signal);
      if (answer !== "approved") throw refused(`approval-${answer}`);
    }
  }

  async #evaluate(body: string, toolName: unknown): Promise<Ruling> {
    // A request that was lost may have been decided: the same key is the same permission, not a second one.
    const key = { "idempotency-key": uuid() };
    const context: DenialContext = { agentId: this.#agentId };
    let answer: Awaited<ReturnType<DaemonClient["send"]>>;
    try {
      answer = await this.#client.send("POST", "/v1/evaluate", body, key).catch((error: unknown) => {
        if (isTimeout(error)) throw error;
        return this.#client.send("POST", "/v1/evaluate", body, key);
      });
    } catch (cause) {
      throw GuardError.fault(isTimeout(cause) ? "daemon-timeout" : "daemon-unreachable", { ...context, cause });
    }
    const found = answer.status === 200 ? ruling(answer.body, this.#agentId, toolName) : null;
    if (found !== null) return found;
    const said = typeof answer.body?.["code"] === "string" ? answer.body["code"].slice(0, 64) : `status ${answer.status}`;
    throw GuardError.fault("daemon-refused", { ...context, detail: said });
  }

  /** What people said, once they answered or the time is over. Only one word is a yes. */
  async #answer(approvalId: string): Promise<"approved" | "denied" | "expired"> {
    const end = Date.now() + this.#waitMs;
    for (let failures = 0; Date.now() < end && failures < ATTEMPTS_MAX; ) {
      const seconds = Math.max(1, Math.min(WAIT_SECONDS, Math.ceil((end - Date.now()) / 1000)));
      const path = `/v1/approvals/${encodeURIComponent(approvalId)}?wait=${seconds}s`;
      const answer = await this.#client.send("GET", path, null, {}, seconds * 1000).catch(() => null);
      const status = answer?.status === 200 ? answer.body?.["status"] : null;
      if (status === "approved" || status === "denied") return status;
      if (typeof status === "string" && status !== "pending") return "expired";
      if (status !== "pending") {
        failures += 1;
        await sleep(200 * 2 ** failures);
      }
    }
    return "expired";
  }

  /** Tells what became of a call. It is tried again; what never arrives counts as spent when its hold ends. */
  report(report: Report): void {
    const work = this.#report(report).finally(() => this.#reporting.delete(work));
    this.#reporting.add(work);
  }

  async #report(report: Report): Promise<void> {
    const body = JSON.stringify(report);
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#client.send("POST", "/v1/audit", body).catch((error: unknown) => ({ status: 0, body: null, error }));
      if (answer.status === 200) return;
      if (isFinal(answer.status) || attempt === ATTEMPTS_MAX) {
        this.#onError(new Error(`the daemon did not take the outcome of ${report.verdictId} (status ${answer.status}): it counts as spent`), "daemon");
        return;
      }
      await sleep(200 * 2 ** attempt);
    }
  }

  /** Waits for reports that are under way. */
  async flush(): Promise<void> {
    await Promise.all(this.#reporting);
  }
}

/** Whether a verdict is about the tool of the call. The daemon may read a request as a call of an MCP tool. */
function isAbout(sent: unknown, named: unknown): boolean {
  return named === sent || (sent === "http" && typeof named === "string" && named.startsWith("mcp__"));
}

/** A verdict on this call, read as strictly as what it permits deserves. */
function ruling(body: Record<string, unknown> | null, agentId: string, toolName: unknown): Ruling | null {
  if (body === null || body["agentId"] !== agentId || !isAbout(toolName, body["toolName"]) || typeof body["verdictId"] !== "string") return null;
  const texts = ["decision", "reason", "layer", "mode", "code", "toolName"].every((name) => typeof body[name] === "string");
  const outcomes = ["allow", "escalate", "deny"].includes(String(body["decision"]));
  if (!texts || !outcomes || typeof body["permitted"] !== "boolean" || typeof body["enforced"] !== "boolean") return null;
  // One that permits what it says is refused and enforced is no answer.
  if (body["permitted"] && body["enforced"] && body["decision"] !== "allow") return null;
  const approval = asObject(body["approval"]);
  const isOpen = approval?.["status"] === "pending" && typeof approval["id"] === "string";
  return { verdictId: body["verdictId"], verdict: body as unknown as Verdict, approvalId: isOpen ? (approval["id"] as string) : null };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Records for a Sentinel daemon: what was decided here (`POST /v1/records`) and what became of it
 * (`POST /v1/audit`). The queue is bounded, and nothing in it is dropped: it is sent again until it is taken.
 */

import { DaemonClient, sleep, type DaemonOptions, type Report } from "./daemon.js";
import { teller, type Told } from "./error.js";
import type { AuditRecord, AuditStorage, Evidence } from "./record.js";

const BATCH = 50;
const BATCH_MAX = 256;
/** Of one request, with room for what is around the records. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024 - 64 * 1024;
const FLUSH_INTERVAL_MS = 5_000;
const WAITING_MAX = 4_096;
const BACKOFF_MS_MAX = 60_000;
/** How often `flush` tries before it says that it could not. */
const FLUSH_ATTEMPTS = 4;

export interface ApiStorageOptions extends Pick<DaemonOptions, "timeoutMs" | "fetch"> {
  baseUrl: string;
  apiKey: string;
  /** Who reports, such as `checkout/1`. */
  point?: string;
  batchSize?: number;
  flushIntervalMs?: number;
  /** Records that may wait. */
  queueMax?: number;
  onError?: Told;
}

interface Waiting {
  readonly record: AuditRecord;
  readonly text: string;
  readonly toolName: string;
  /** Known once the daemon has the record. */
  verdictId: string | null;
}

export class ApiStorage implements AuditStorage {
  readonly #client: DaemonClient;
  readonly #point: string;
  readonly #batch: number;
  readonly #intervalMs: number;
  readonly #max: number;
  readonly #onError: Told;
  #waiting: Waiting[] = [];
  #refused: { id: string; code: string; detail: string }[] = [];
  #sending: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;
  #failure: unknown = null;
  #isOver = false;

  constructor(options: ApiStorageOptions) {
    const { baseUrl, apiKey, point = "guard-fetch", batchSize = BATCH, flushIntervalMs = FLUSH_INTERVAL_MS, queueMax = WAITING_MAX } = options;
    if (!/^[A-Za-z0-9._/-]{1,128}$/.test(point)) throw new TypeError("`point` is 1 to 128 letters, digits, `.`, `_`, `/` or `-`");
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) throw new RangeError("`batchSize` is no number of records");
    this.#client = new DaemonClient({ ...options, url: baseUrl, token: apiKey });
    this.#point = point;
    this.#batch = Math.min(batchSize, BATCH_MAX);
    this.#intervalMs = flushIntervalMs;
    this.#max = queueMax;
    this.#onError = teller(options.onError);
  }

  /** Records that the daemon does not have yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Records that the daemon does not take, and why. They are no longer tried. */
  get refused(): readonly { id: string; code: string; detail: string }[] {
    return this.#refused;
  }

  check(): void {
    if (this.#isOver) throw new Error("the storage is over");
    if (this.#waiting.length >= this.#max) throw new Error("too many records wait for the daemon", { cause: this.#failure });
    if (this.#refused.length > 0) throw new Error(`the daemon does not take records: ${this.#refused[0]?.code ?? ""}`);
  }

  async write(record: AuditRecord, evidence?: Evidence): Promise<void> {
    if (this.#isOver) throw new Error("the storage is over: this record is not sent");
    // Refused before it was a call: there is nothing that a daemon could decide again.
    if (evidence === undefined) return;
    if (this.#waiting.length >= this.#max) throw new Error("too many records wait for the daemon: this one is not sent", { cause: this.#failure });
    const { call, toolName, decision, code, policyDigest } = evidence;
    const decidedAt = new Date(record.created_at).toISOString();
    // The call is part of the text as it is, so that the daemon digests what was decided.
    const rest = JSON.stringify({ decision, code, policyDigest, decidedAt, id: record.id }).slice(1);
    this.#waiting.push({ record, text: `{"call":${call},${rest}`, toolName, verdictId: null });
    if (this.#waiting.length >= this.#batch) this.#now();
    else this.#later(this.#intervalMs);
  }

  /** Sends everything that was handed over before; rejects where the daemon does not take it in time. */
  async flush(): Promise<void> {
    for (let attempt = 0; this.#waiting.length > 0; ) {
      const before = this.#waiting.length;
      await this.#now();
      if (this.#waiting.length < before) continue;
      attempt += 1;
      if (attempt === FLUSH_ATTEMPTS) throw new Error(`${this.#waiting.length} records wait for the daemon`, { cause: this.#failure });
      await sleep(100 * 2 ** attempt);
    }
  }

  /** Sends what is left, and ends. Where that fails, it says so, and the records still wait: try again. */
  async destroy(): Promise<void> {
    this.#isOver = true;
    await this.flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #now(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
      const isFull = this.#failures === 0 && this.#waiting.length >= this.#batch;
      if (this.#waiting.length > 0) this.#later(isFull ? 0 : Math.min(this.#intervalMs * 2 ** this.#failures, BACKOFF_MS_MAX));
    });
    return this.#sending;
  }

  #later(ms: number): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => void this.#now(), ms);
    (this.#timer as unknown as { unref?: () => void }).unref?.();
  }

  /** One batch: records first, then what became of them. */
  async #send(): Promise<void> {
    const batch = this.#next();
    if (batch.length === 0) return;
    try {
      const fresh = batch.filter((own) => own.verdictId === null);
      if (fresh.length > 0) await this.#sendRecords(fresh);
      for (const own of batch.filter((own) => own.verdictId !== null)) await this.#sendOutcome(own);
      this.#failures = 0;
      this.#failure = null;
    } catch (error) {
      this.#failures += 1;
      this.#failure = error;
      this.#onError(error, "records");
    }
  }

  #next(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((own, index) => {
      // At most three bytes for each unit of UTF-16.
      bytes += own.text.length * 3;
      return index >= this.#batch || (index > 0 && bytes > BATCH_BYTES_MAX);
    });
    return this.#waiting.slice(0, end < 0 ? undefined : end);
  }

  async #sendRecords(fresh: Waiting[]): Promise<void> {
    const body = `{"point":${JSON.stringify(this.#point)},"records":[${fresh.map((own) => own.text).join(",")}]}`;
    const answer = await this.#client.send("POST", "/v1/records", body);
    const ids = answer.body?.["verdictIds"];
    if (answer.status !== 200 || !Array.isArray(ids) || ids.length !== fresh.length) {
      throw new Error(`the daemon does not take records (status ${answer.status})`);
    }
    const errors = Array.isArray(answer.body?.["errors"]) ? (answer.body["errors"] as { index?: number; code?: string; detail?: string }[]) : [];
    fresh.forEach((own, index) => {
      const id: unknown = ids[index];
      if (typeof id === "string") {
        own.verdictId = id;
        return;
      }
      const { code = "refused", detail = "" } = errors.find((error) => error.index === index) ?? {};
      this.#refused.push({ id: own.record.id, code, detail });
      this.#onError(new Error(`the daemon does not take record ${own.record.id}: ${code}: ${detail}`), "records");
      this.#done(own);
    });
  }

  async #sendOutcome(own: Waiting): Promise<void> {
    const { record, verdictId } = own;
    if (verdictId === null || record.outcome === "blocked") return this.#done(own);
    const report = reportOf(record, verdictId, own.toolName, record.outcome);
    const answer = await this.#client.send("POST", "/v1/audit", JSON.stringify(report));
    if (answer.status !== 200) throw new Error(`the daemon does not take outcomes (status ${answer.status})`);
    this.#done(own);
  }

  #done(own: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== own);
  }
}

/** What a daemon is told of a request: names that its exports have columns for. */
export function reportOf(record: AuditRecord, verdictId: string, toolName: string, outcome: Report["outcome"]): Report {
  const facts: Record<string, string | number | null> = {
    endpoint: record.endpoint,
    method: record.method,
    status_code: record.status_code,
    amount_raw: record.amount_raw,
    asset: record.asset,
    network: record.network,
    scheme: record.scheme,
    transaction: record.tx_hash,
    payer: record.payer_address,
    payee: record.payee_address,
  };
  const toolOutput = Object.fromEntries(Object.entries(facts).filter((pair): pair is [string, string | number] => pair[1] !== null && pair[1] !== ""));
  const error = record.outcome === "failed" ? { error: record.reason } : {};
  return { agentId: record.agent_id, toolName, verdictId, outcome, durationMs: record.response_time_ms, toolOutput, ...error };
}

/**
 * Records for a Sentinel daemon: what was decided here (`POST /v1/records`) and what became of it
 * (`POST /v1/audit`). The queue is bounded, and sent again until it is taken. What the daemon refuses for good
 * holds up nothing else: it is named in `refused`.
 */

import { DaemonClient, isFinal, sleep, type DaemonOptions } from "./daemon.js";
import { teller, type Told } from "./error.js";
import type { AuditRecord, AuditStorage, Evidence } from "./record.js";
import { recordOf, reportOf } from "./report.js";

const BATCH = 50;
const BATCH_MAX = 256;
/** Of one request, with room for what is around the records: the daemon takes 4 MiB. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024 - 64 * 1024;
const FLUSH_INTERVAL_MS = 5_000;
const WAITING_MAX = 4_096;
/** Of records that wait with their bodies. Later ones wait without, up to twice as much. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Refusals that are remembered; older ones were told as well. */
const REFUSED_MAX = 1_000;
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

/** What the daemon does not take, and why. */
export interface RefusedRecord {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
}

interface Waiting {
  readonly record: AuditRecord;
  readonly toolName: string;
  text: string;
  bytes: number;
  /** The same without the body of the request, where the whole one was not tried yet. */
  short: string | null;
  /** Known once the daemon has the record. */
  verdictId: string | null;
}

type Answer = Awaited<ReturnType<DaemonClient["send"]>>;

export class ApiStorage implements AuditStorage {
  readonly #client: DaemonClient;
  readonly #point: string;
  readonly #batch: number;
  readonly #intervalMs: number;
  readonly #max: number;
  readonly #onError: Told;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #refused: RefusedRecord[] = [];
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

  /** The newest records and outcomes that the daemon does not take. They are no longer tried. */
  get refused(): readonly RefusedRecord[] {
    return this.#refused;
  }

  /** Says that somebody has looked at what was refused: gives it, and forgets it. */
  acknowledge(): readonly RefusedRecord[] {
    const known = this.#refused;
    this.#refused = [];
    return known;
  }

  check(): void {
    if (this.#isOver) throw new Error("the storage is over");
    if (this.#waiting.length >= this.#max) throw new Error("too many records wait for the daemon", { cause: this.#failure });
    const [first] = this.#refused;
    if (first !== undefined) throw new Error(`the daemon does not take records: ${first.code}: look at \`refused\`, and \`acknowledge()\``);
  }

  async write(record: AuditRecord, evidence?: Evidence): Promise<void> {
    if (this.#isOver) throw new Error("the storage is over: this record is not sent");
    // Refused before it was a call: there is nothing that a daemon could decide again.
    if (evidence === undefined) return;
    if (this.#waiting.length >= this.#max) throw this.#full();
    const own = this.#prepared(record, evidence);
    if (own === null) return this.#refuse(record.id, "body-too-large", "the record is larger than the daemon takes");
    this.#waiting.push(own);
    this.#bytes += own.bytes;
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

  /** A record as it will be sent: whole, where one request and the queue have room for it. Null where no request has. */
  #prepared(record: AuditRecord, evidence: Evidence): Waiting | null {
    const { call, short, toolName } = evidence;
    const whole = recordOf(record, evidence, call);
    const small = short === undefined ? null : recordOf(record, evidence, short);
    const bytes = bytesOf(whole);
    if (bytes <= BATCH_BYTES_MAX && this.#bytes + bytes <= WAITING_BYTES_MAX) {
      return { record, toolName, text: whole, bytes, short: small, verdictId: null };
    }
    if (small !== null && bytesOf(small) <= BATCH_BYTES_MAX && this.#bytes + bytesOf(small) <= 2 * WAITING_BYTES_MAX) {
      return { record, toolName, text: small, bytes: bytesOf(small), short: null, verdictId: null };
    }
    if (Math.min(bytes, bytesOf(small ?? whole)) <= BATCH_BYTES_MAX) throw this.#full();
    return null;
  }

  #full(): Error {
    return new Error("too many records wait for the daemon: this one is not sent", { cause: this.#failure });
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
      bytes += own.bytes + 1;
      return index >= this.#batch || (index > 0 && bytes > BATCH_BYTES_MAX);
    });
    return this.#waiting.slice(0, end < 0 ? undefined : end);
  }

  async #sendRecords(fresh: Waiting[]): Promise<void> {
    const body = `{"point":${JSON.stringify(this.#point)},"records":[${fresh.map((own) => own.text).join(",")}]}`;
    const answer = await this.#client.send("POST", "/v1/records", body);
    if (isUnreadable(answer)) return this.#divide(fresh, answer);
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
      this.#refuse(own.record.id, code, detail);
      this.#done(own);
    });
  }

  /** The daemon cannot read a batch. Whichever record spoils it, it spoils nothing when it is alone. */
  async #divide(fresh: Waiting[], answer: Answer): Promise<void> {
    const [own] = fresh;
    if (fresh.length > 1) {
      const middle = Math.ceil(fresh.length / 2);
      await this.#sendRecords(fresh.slice(0, middle));
      return this.#sendRecords(fresh.slice(middle));
    }
    if (own === undefined) return;
    if (own.short !== null) {
      this.#bytes += bytesOf(own.short) - own.bytes;
      [own.text, own.bytes, own.short] = [own.short, bytesOf(own.short), null];
      return this.#sendRecords([own]);
    }
    this.#refuse(own.record.id, codeOf(answer), detailOf(answer));
    this.#done(own);
  }

  async #sendOutcome(own: Waiting): Promise<void> {
    const { record, verdictId } = own;
    if (verdictId === null || record.outcome === "blocked") return this.#done(own);
    const report = reportOf(record, verdictId, own.toolName, record.outcome);
    const answer = await this.#client.send("POST", "/v1/audit", JSON.stringify(report));
    if (answer.status !== 200) {
      if (!isFinal(answer.status)) throw new Error(`the daemon does not take outcomes (status ${answer.status})`);
      this.#refuse(record.id, codeOf(answer), `its outcome, \`${record.outcome}\`, of ${verdictId}: ${detailOf(answer)}`);
    }
    this.#done(own);
  }

  #refuse(id: string, code: string, detail: string): void {
    this.#refused = [...this.#refused.slice(1 - REFUSED_MAX), { id, code, detail }];
    this.#onError(new Error(`the daemon does not take record ${id}: ${code}: ${detail}`), "records");
  }

  #done(own: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== own);
    this.#bytes -= own.bytes;
  }
}

/** Whether a batch is refused as it is, by the daemon or by what stands before it. It would be refused again. */
function isUnreadable(answer: Answer): boolean {
  return answer.status === 413 || (answer.status === 400 && typeof answer.body?.["code"] === "string");
}

function codeOf(answer: Answer): string {
  const code = answer.body?.["code"];
  return typeof code === "string" ? code : `status-${answer.status}`;
}

function detailOf(answer: Answer): string {
  const detail = answer.body?.["detail"];
  return typeof detail === "string" ? detail : "";
}

/** Bytes of a text as UTF-8: at most three for each unit of UTF-16, and counted where that would be much. */
function bytesOf(text: string): number {
  const most = text.length * 3;
  return most <= 64 * 1024 ? most : new TextEncoder().encode(text).length;
}

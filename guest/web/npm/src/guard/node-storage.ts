/**
 * Files of Node: records as lines of JSON that are only added to, and the state of a session.
 *
 * Not part of the main entry, so that browsers never load `node:fs`.
 */

import { mkdir, open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

import { sleep } from "./daemon.js";
import type { SessionStore } from "./options.js";
import { select } from "./query.js";
import type { AuditQuery, AuditRecord, AuditStorage } from "./record.js";

/** Records that are written at once, if nothing else is said. */
const BATCH = 100;
/** How long a record waits at most for others. */
const FLUSH_INTERVAL_MS = 5_000;
/** Records that wait while the file cannot be written. More are refused. */
const WAITING_MAX = 10_000;
const NEWLINE = 0x0a;
/** How long the file of a session may be somebody else's, and how often it is looked at. */
const LOCK_WAIT_MS = 5_000;
const LOCK_RETRY_MS = 5;

export interface FileStorageOptions {
  /** Records that are written at once; 1 writes each before its answer is handed out. */
  batch?: number;
  flushIntervalMs?: number;
}

/** Lines of JSON in a file of one process, in the order of the calls. */
export class FileStorage implements AuditStorage {
  readonly #path: string;
  readonly #batch: number;
  readonly #intervalMs: number;
  #waiting: string[] = [];
  #tail: Promise<void> = Promise.resolve();
  #handle: FileHandle | null = null;
  /** Bytes that are whole lines of ours; what is behind them was torn. */
  #size = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failure: unknown = null;
  #damaged = 0;
  #isOver = false;

  constructor(path: string, options: FileStorageOptions | number = {}) {
    const { batch = BATCH, flushIntervalMs = FLUSH_INTERVAL_MS } = typeof options === "number" ? { batch: options } : options;
    if (!Number.isSafeInteger(batch) || batch < 1) throw new RangeError("`batch` is no number of records");
    this.#path = path;
    this.#batch = batch;
    this.#intervalMs = flushIntervalMs;
  }

  /** Lines that could not be read by the last query: torn by a crash, or none of ours. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Why records wait, if they do because the file cannot be written. */
  get failure(): unknown {
    return this.#failure;
  }

  check(): void {
    if (this.#isOver) throw new Error("the storage is over");
    if (this.#failure !== null) {
      throw new Error(`records cannot be written to \`${this.#path}\``, { cause: this.#failure });
    }
  }

  async write(record: AuditRecord): Promise<void> {
    if (this.#isOver) throw new Error("the storage is over: this record is not written");
    if (this.#failure !== null && this.#waiting.length >= WAITING_MAX) {
      throw new Error("too many records wait: this one is not written", { cause: this.#failure });
    }
    this.#waiting.push(line(record));
    if (this.#waiting.length >= this.#batch) return this.#write();
    this.#timer ??= this.#later();
  }

  /** Everything that was handed over before this is in the file afterwards, and on the disk. */
  flush(): Promise<void> {
    return this.#write();
  }

  /** Writes what is left, and ends. */
  async destroy(): Promise<void> {
    this.#isOver = true;
    try {
      await this.#write();
    } finally {
      await this.#handle?.close();
      this.#handle = null;
    }
  }

  /** Looks through the whole file. */
  async query(query?: AuditQuery): Promise<AuditRecord[]> {
    await this.flush();
    const rows: AuditRecord[] = [];
    this.#damaged = 0;
    for await (const line of this.#lines()) {
      const row = parsed(line);
      if (row === null) this.#damaged += 1;
      else rows.push(row);
    }
    return select(rows, query);
  }

  /** One write after another, so that lines never mix and keep their order. */
  #write(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const done = this.#tail.then(() => this.#append());
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #append(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const lines = this.#waiting;
    this.#waiting = [];
    try {
      const handle = (this.#handle ??= await this.#opened());
      const text = `${lines.join("\n")}\n`;
      await handle.appendFile(text);
      await handle.datasync();
      this.#size = (await handle.stat()).size;
      this.#failure = null;
    } catch (error) {
      // Nothing is lost: it is tried again with the next, behind whole lines only.
      this.#waiting = lines.concat(this.#waiting);
      this.#failure = error;
      await this.#handle?.truncate(this.#size).catch(() => undefined);
      await this.#handle?.close().catch(() => undefined);
      this.#handle = null;
      if (!this.#isOver) this.#timer ??= this.#later();
      throw error;
    }
  }

  async #opened(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true });
    const handle = await open(this.#path, "a+", 0o600);
    const { size } = await handle.stat();
    const last = new Uint8Array(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    // A line that a crash has torn stays what it is, and ends.
    if (size > 0 && last[0] !== NEWLINE) await handle.appendFile("\n");
    this.#size = (await handle.stat()).size;
    return handle;
  }

  async *#lines(): AsyncGenerator<string> {
    let handle: FileHandle;
    try {
      handle = await open(this.#path, "r");
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return;
      throw error;
    }
    try {
      const { size } = await handle.stat();
      if (size === 0) return;
      let rest = "";
      // What is added meanwhile is for the next query.
      for await (const piece of handle.createReadStream({ start: 0, end: size - 1, encoding: "utf8", autoClose: false })) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop() ?? "";
        yield* lines;
      }
      if (rest !== "") yield rest;
    } finally {
      await handle.close();
    }
  }

  #later(): ReturnType<typeof setTimeout> {
    // What fails here is in `failure`, and tried again.
    const timer = setTimeout(() => void this.#write().catch(() => undefined), this.#intervalMs);
    (timer as unknown as { unref?: () => void }).unref?.();
    return timer;
  }
}

/** One line, also for readers that take U+2028 and U+2029 for line ends. */
function line(record: AuditRecord): string {
  return JSON.stringify(record).replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

function parsed(line: string): AuditRecord | null {
  try {
    const row = JSON.parse(line) as Partial<AuditRecord> | null;
    const isRow = typeof row?.id === "string" && typeof row.amount === "string" && typeof row.endpoint === "string" && typeof row.created_at === "number" && Array.isArray(row.tags);
    return isRow ? (row as AuditRecord) : null;
  } catch {
    return null;
  }
}

/** The state of a session in a file of one process. It is replaced as a whole, and on the disk before anything leaves. */
export class FileSession implements SessionStore {
  readonly #path: string;
  /** The end of the name of the next file: nobody else writes it. */
  readonly #own = crypto.randomUUID();
  /** What this process read or wrote last. */
  #known: string | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  load(): Promise<string | null> {
    return this.#locked(async () => {
      this.#known = await this.#read();
      return this.#known;
    });
  }

  save(text: string): Promise<void> {
    return this.#locked(async () => {
      // Two that write in turn would each forget what the other spent.
      if ((await this.#read()) !== this.#known) throw new Error(`\`${this.#path}\` is written by somebody else: give each process its own, or let a daemon decide`);
      const next = `${this.#path}.${this.#own}`;
      const handle = await open(next, "w", 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, this.#path);
      this.#known = text;
    });
  }

  /** Nobody else reads or writes meanwhile. */
  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.#path}.lock`;
    await mkdir(dirname(this.#path), { recursive: true });
    for (const end = Date.now() + LOCK_WAIT_MS; ; await sleep(LOCK_RETRY_MS)) {
      try {
        await (await open(lock, "wx", 0o600)).close();
        break;
      } catch (error) {
        if ((error as { code?: unknown }).code !== "EEXIST") throw error;
        if (Date.now() > end) throw new Error(`\`${lock}\` is there: if no process holds it, remove it`, { cause: error });
      }
    }
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }

  async #read(): Promise<string | null> {
    try {
      return await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return null;
      throw error;
    }
  }
}

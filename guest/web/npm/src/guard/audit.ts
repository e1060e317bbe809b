/**
 * The records of one guardFetch: looks through them, adds them up, exports them. Where they go is the
 * storage's business.
 */

import { exportCSV, exportJSON } from "./csv.js";
import { MemoryStorage } from "./memory.js";
import { select, summarize, type AuditSummary } from "./query.js";
import type { AuditQuery, AuditRecord, AuditStorage } from "./record.js";

export class AuditLog {
  readonly storage: AuditStorage;

  constructor(storage: AuditStorage = new MemoryStorage()) {
    this.storage = storage;
  }

  /** Rows, newest first if nothing else is asked for. */
  query(query?: AuditQuery): Promise<AuditRecord[]> {
    if (this.storage.query === undefined) return Promise.reject(new TypeError("this storage is not one to look through: ask where it reports to"));
    return this.storage.query(query);
  }

  async summary(query?: AuditQuery): Promise<AuditSummary> {
    return summarize(await this.query(query));
  }

  async count(query?: AuditQuery): Promise<number> {
    return (await this.query(query)).length;
  }

  /** A table for spreadsheets, oldest first if nothing else is asked for. */
  async exportCSV(query?: AuditQuery): Promise<string> {
    return exportCSV(await this.query({ order: "asc", ...query }));
  }

  async exportJSON(query?: AuditQuery): Promise<string> {
    return exportJSON(await this.query({ order: "asc", ...query }));
  }

  async flush(): Promise<void> {
    await this.storage.flush?.();
  }
}

/** Several storages as one. The first that can be looked through answers queries. */
export class Tee implements AuditStorage {
  readonly #all: readonly AuditStorage[];

  constructor(...all: AuditStorage[]) {
    this.#all = all;
  }

  check(): void {
    for (const own of this.#all) own.check?.();
  }

  async write(...given: Parameters<AuditStorage["write"]>): Promise<void> {
    await every(this.#all.map((own) => own.write(...given)));
  }

  query(query?: AuditQuery): Promise<AuditRecord[]> {
    const own = this.#all.find((storage) => storage.query !== undefined);
    return own?.query?.(query) ?? Promise.resolve(select([]));
  }

  async flush(): Promise<void> {
    await every(this.#all.map((own) => own.flush?.()));
  }

  async destroy(): Promise<void> {
    await every(this.#all.map((own) => own.destroy?.()));
  }
}

/** Waits for all of them, and then says what went wrong first. */
async function every(work: (Promise<void> | undefined)[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((own) => own.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

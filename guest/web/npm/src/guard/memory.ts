/** Records in memory: the newest so many. */

import { select } from "./query.js";
import type { AuditQuery, AuditRecord, AuditStorage } from "./record.js";

const RECORDS_MAX = 10_000;

export class MemoryStorage implements AuditStorage {
  readonly #max: number;
  /** A ring: the oldest is at `#start` once it is full. */
  readonly #rows: AuditRecord[] = [];
  #start = 0;
  #dropped = 0;

  constructor(max: number = RECORDS_MAX) {
    if (!Number.isSafeInteger(max) || max < 1) throw new RangeError("`max` is no number of records");
    this.#max = max;
  }

  /** How many were dropped to make room. */
  get dropped(): number {
    return this.#dropped;
  }

  write(record: AuditRecord): Promise<void> {
    if (this.#rows.length < this.#max) {
      this.#rows.push(record);
    } else {
      this.#rows[this.#start] = record;
      this.#start = (this.#start + 1) % this.#max;
      this.#dropped += 1;
    }
    return Promise.resolve();
  }

  query(query?: AuditQuery): Promise<AuditRecord[]> {
    return Promise.resolve().then(() => select([...this.#rows.slice(this.#start), ...this.#rows.slice(0, this.#start)], query));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }
}

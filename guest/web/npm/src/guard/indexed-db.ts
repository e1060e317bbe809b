/** Records in a page, in IndexedDB: each is durable when its `write` is over, and all tabs of the origin share them. */

import { select } from "./query.js";
import type { AuditQuery, AuditRecord, AuditStorage } from "./record.js";

const RECORDS = "records";

export interface IndexedDbOptions {
  /** Of the database. */
  name?: string;
}

export class IndexedDbStorage implements AuditStorage {
  readonly #name: string;
  #opened: Promise<IDBDatabase> | null = null;
  #isOver = false;

  constructor({ name = "sentinel-audit" }: IndexedDbOptions = {}) {
    this.#name = name;
  }

  async write(record: AuditRecord): Promise<void> {
    const records = (await this.#database()).transaction(RECORDS, "readwrite", { durability: "strict" });
    const done = ended(records);
    records.objectStore(RECORDS).add(record);
    await done;
  }

  async query(query?: AuditQuery): Promise<AuditRecord[]> {
    const records = (await this.#database()).transaction(RECORDS, "readonly");
    const found: IDBRequest<AuditRecord[]> = records.objectStore(RECORDS).getAll();
    await ended(records);
    return select(found.result, query);
  }

  /** Nothing waits: every record is a transaction of its own. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    this.#isOver = true;
    (await this.#opened?.catch(() => null))?.close();
  }

  #database(): Promise<IDBDatabase> {
    if (this.#isOver) return Promise.reject(new Error("the storage is over"));
    this.#opened ??= open(this.#name).catch((error: unknown) => {
      // What could not be opened may be tried again.
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => void asked.result.createObjectStore(RECORDS, { autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error("the database cannot be opened"));
    asked.onblocked = () => reject(new Error("another tab keeps an older database open"));
  });
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(transaction.error ?? new Error("the transaction was given up"));
    transaction.oncomplete = () => resolve();
    transaction.onerror = fail;
    transaction.onabort = fail;
  });
}

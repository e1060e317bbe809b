/**
 * The ledger, verified in the page: receipts and whole logs, and what is taken out before something is
 * recorded. Keys come from whoever asks, never from what is verified.
 */

import { engine } from "./engine.js";
import { LedgerAudit, redact as redactText, visible as visibleText } from "./sentinel_web.js";
import { verifyCheckpoint as checkpointText, verifyConsistency as consistencyText } from "./sentinel_web.js";
import { verifyReceipt as verifyText } from "./sentinel_web.js";
import type { Json } from "./types.js";

/** What a receipt proves. */
export type ReceiptResult =
  | {
      ok: true;
      /** The place of the entry, from 0. */
      index: number;
      /** The entry as text; exactly, in `entryBase64`. */
      entry: string;
      entryBase64: string;
      /** Null where it is no JSON. */
      entryJson: Json | null;
      /** The log: compare it with the one that is meant. */
      origin: string;
      size: number;
      root: string;
      /** One of the given keys that signed. */
      key: string;
    }
  | { ok: false; error: string };

/** What an audit proved. */
export type LedgerResult =
  | { ok: true; size: number; root: string; key: string; rotations: number[] }
  | { ok: false; error: string };

/** What a signed checkpoint says. */
export type CheckpointResult =
  | { ok: true; origin: string; size: number; root: string; key: string }
  | { ok: false; error: string };

/** What a proof of consistency proves. */
export type ConsistencyResult =
  | { ok: true; origin: string; oldSize: number; size: number; root: string }
  | { ok: false; error: string };

/** Two states of a log. */
export interface ConsistencyInput {
  /** The checkpoint that was kept. */
  old: string;
  /** The checkpoint of now. */
  checkpoint: string;
  /** Hashes in base64, in order. */
  proof: readonly string[];
  keys: readonly string[];
}

/** A whole log. */
export interface LedgerInput {
  /** The name of the log that is meant. */
  origin: string;
  /** The signed head. */
  checkpoint: string;
  /** Every entry, from the first. */
  entries: Iterable<Uint8Array | string>;
  /** Lines `<name>+<hash>+<base64>`. */
  keys: readonly string[];
  /** Earlier checkpoints that were kept elsewhere: the log has to agree with them. */
  trusted?: readonly string[] | undefined;
}

const encoder = new TextEncoder();

/** Whether a receipt is one of these keys' log, and what it says. */
export function verifyReceipt(receipt: string | object, keys: readonly string[]): ReceiptResult {
  const text = typeof receipt === "string" ? receipt : JSON.stringify(receipt);
  const lines = keys.join("\n");
  const result = JSON.parse(engine(() => verifyText(text, lines))) as ReceiptResult;
  if (result.ok) result.entryJson = parsed(result.entry);
  return result;
}

function parsed(text: string): Json | null {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** Whether one of these keys signed a checkpoint, and what it says. */
export function verifyCheckpoint(checkpoint: string, keys: readonly string[]): CheckpointResult {
  const lines = keys.join("\n");
  return JSON.parse(engine(() => checkpointText(checkpoint, lines))) as CheckpointResult;
}

/** Whether a log only grew: the one of `old` is the beginning of the one of `checkpoint`. */
export function verifyConsistency(input: ConsistencyInput): ConsistencyResult {
  const { old, checkpoint } = input;
  const [proof, lines] = [input.proof.join("\n"), input.keys.join("\n")];
  return JSON.parse(engine(() => consistencyText(old, checkpoint, proof, lines))) as ConsistencyResult;
}

/** Reads a whole log once. Entries may come from a generator; no more than one is held. */
export function verifyLedger(input: LedgerInput): LedgerResult {
  const lines = input.keys.join("\n");
  let audit: LedgerAudit | null = null;
  try {
    const own = engine(() => LedgerAudit.start(input.origin, lines));
    audit = own;
    for (const checkpoint of input.trusted ?? []) engine(() => own.expect(checkpoint));
    for (const entry of input.entries) {
      const bytes = typeof entry === "string" ? encoder.encode(entry) : entry;
      engine(() => own.push(bytes));
    }
    return JSON.parse(engine(() => own.finish(input.checkpoint))) as LedgerResult;
  } catch (error) {
    if (typeof error === "string") return { ok: false, error };
    throw error;
  } finally {
    audit?.free();
  }
}

/**
 * The value without its secrets: by the names of keys, and by the form of values. Throws where it cannot be
 * read; it must not be recorded then.
 */
export function redact(json: Json | string, fields: readonly string[] = []): Json {
  return JSON.parse(redactJson(JSON.stringify(json), fields)) as Json;
}

/** The same for a JSON text, which keeps its numbers; canonical. */
export function redactJson(text: string, fields: readonly string[] = []): string {
  const names = fields.join("\n");
  try {
    return engine(() => redactText(text, names));
  } catch (error) {
    throw typeof error === "string" ? new TypeError(error) : error;
  }
}

/** The text with everything that cannot be seen, or that changes its direction, as `\u{…}`. */
export function visible(text: string): string {
  return engine(() => visibleText(text));
}

/**
 * What the page can check of the ledger by itself, with the engine: a receipt against keys, and that a ledger only
 * grew. Whose key it is decides what that means: the daemon's own says that it is consistent with itself.
 */
import { callDigest, verifyReceipt } from "@sentinel/policy";
import { consistency, receipt } from "../../api/calls";
import type { Answer } from "../../api/problem";
import type { Json } from "../../api/types";
import { bytesOfDigest, extendsTree } from "../../lib/consistency";
import { type Checkpoint, readCheckpoint } from "../../lib/note";
import { keepCheckpoint, lines, seenCheckpoint } from "../../lib/pinned";

export type KeySource = "daemon" | "pinned";

export interface Proven {
  index: number;
  entry: string;
  entryJson: Json | null;
  origin: string;
  size: number;
  key: string;
}

export type Checked = { ok: true; proven: Proven; source: KeySource } | { ok: false; error: string; source: KeySource };

/** Checks a receipt. A pinned key goes before the daemon's. */
export function checkReceipt(text: string, daemonKeys: string, pinnedKeys: string): Checked {
  const source: KeySource = pinnedKeys.trim() === "" ? "daemon" : "pinned";
  const keys = lines(source === "pinned" ? pinnedKeys : daemonKeys);
  if (keys.length === 0) return { ok: false, error: "There is no key to check it with: paste the ledger's public key.", source };
  try {
    const result = verifyReceipt(text, keys);
    return result.ok ? { ok: true, proven: result, source } : { ok: false, error: result.error, source };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error), source };
  }
}

export type Growth =
  | { state: "first"; now: Checkpoint }
  | { state: "same"; now: Checkpoint }
  | { state: "grew"; from: Checkpoint; now: Checkpoint }
  | { state: "refused"; from: Checkpoint | null; now: Checkpoint | null; error: string };

/**
 * Whether the ledger of this checkpoint extends the one that this browser saw last. Only what a key signed is kept:
 * the newest entry's receipt carries the checkpoint, so verifying it verifies both.
 */
export async function checkGrowth(daemonKeys: string, pinnedKeys: string, note: string, aborted: AbortSignal): Promise<Answer<Growth>> {
  const told = readCheckpoint(note);
  if (told === null) return refused(null, null, "What the daemon calls its checkpoint is none.");
  if (told.size === 0) return { ok: true, value: { state: "first", now: told } };
  const newest = await receipt(told.size - 1, aborted);
  if (!newest.ok) return newest;
  const checked = checkReceipt(newest.value, daemonKeys, pinnedKeys);
  if (!checked.ok) return refused(null, told, checked.error);
  const signed = noteOf(newest.value);
  const now = signed === null ? null : readCheckpoint(signed);
  if (signed === null || now === null) return refused(null, told, "The receipt of the newest entry has no checkpoint.");
  const before = seenCheckpoint(now.origin);
  const from = before === null ? null : readCheckpoint(before);
  if (from === null) {
    keepCheckpoint(now.origin, signed);
    return { ok: true, value: { state: "first", now } };
  }
  if (from.size > now.size) return refused(from, now, `It has ${now.size} entries, and had ${from.size}: its end was cut off, or an old copy was put in its place.`);
  if (from.size === now.size) {
    return from.root === now.root ? { ok: true, value: { state: "same", now } } : refused(from, now, "It has as many entries as before, and others: it was rewritten.");
  }
  const proof = from.size === 0 ? null : await consistency(from.size, now.size, aborted);
  if (proof !== null && !proof.ok) return proof;
  const grew = extendsTree(from, now, proof?.value.proof ?? [], (bytes) => bytesOfDigest(callDigest(bytes)));
  if (!grew) return refused(from, now, "What was seen before is not the beginning of it: entries were changed, removed or put in between.");
  keepCheckpoint(now.origin, signed);
  return { ok: true, value: { state: "grew", from, now } };
}

function refused(from: Checkpoint | null, now: Checkpoint | null, error: string): Answer<Growth> {
  return { ok: true, value: { state: "refused", from, now, error } };
}

function noteOf(text: string): string | null {
  const fields: unknown = JSON.parse(text);
  const note = typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>)["checkpoint"] : null;
  return typeof note === "string" ? note : null;
}

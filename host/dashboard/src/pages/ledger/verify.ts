/**
 * What the page can check of the ledger by itself, with the engine: a receipt against keys, and that a ledger only
 * grew. Whose key it is decides what that means: the daemon's own says that it is consistent with itself.
 */
import { verifyCheckpoint, verifyConsistency, verifyReceipt } from "@sentinel/policy";
import { consistency } from "../../api/calls";
import type { Answer } from "../../api/problem";
import type { Json } from "../../api/types";
import { type Checkpoint, readCheckpoint } from "../../lib/note";
import { keepCheckpoint, lines, meetLedger, seenCheckpoint } from "../../lib/pinned";

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
 * Whether the ledger of this checkpoint extends the one that this browser saw last. Only what a key signed is kept,
 * so what was seen first can be trusted as far as that key can.
 */
export async function checkGrowth(daemonKeys: string, pinnedKeys: string, note: string, aborted: AbortSignal): Promise<Answer<Growth>> {
  const keys = lines(pinnedKeys.trim() === "" ? daemonKeys : pinnedKeys);
  const now = readCheckpoint(note);
  if (now === null) return refused(null, null, "What the daemon calls its checkpoint is none.");
  const signed = verifyCheckpoint(note, keys);
  if (!signed.ok) return refused(null, now, signed.error);
  meetLedger(now.origin);
  const before = seenCheckpoint(now.origin);
  const from = before === null ? null : readCheckpoint(before);
  if (before === null || from === null) {
    keepCheckpoint(now.origin, note);
    return { ok: true, value: { state: "first", now } };
  }
  if (from.size > now.size) return refused(from, now, `It has ${now.size} entries, and had ${from.size}: its end was cut off, or an old copy was put in its place.`);
  if (from.size === now.size && from.root === now.root) return { ok: true, value: { state: "same", now } };
  const told = from.size === 0 || from.size === now.size ? null : await consistency(from.size, now.size, aborted);
  if (told !== null && !told.ok) return told;
  const checked = verifyConsistency({ old: before, checkpoint: note, proof: told?.value.proof ?? [], keys });
  if (!checked.ok) return refused(from, now, `What was seen before is not the beginning of it: entries were changed, removed or put in between. (${checked.error})`);
  keepCheckpoint(now.origin, note);
  return { ok: true, value: { state: "grew", from, now } };
}

function refused(from: Checkpoint | null, now: Checkpoint | null, error: string): Answer<Growth> {
  return { ok: true, value: { state: "refused", from, now, error } };
}

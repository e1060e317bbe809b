/**
 * Whether a ledger only grew since this browser saw it last, checked with the engine. Whose key it is decides what that
 * means: the daemon's own says that it is consistent with itself. Receipts are `receipts.ts`'s.
 */
import { verifyCheckpoint, verifyConsistency } from "@sentinel/policy";
import { consistency } from "../../api/calls";
import type { Answer } from "../../api/problem";
import { type Checkpoint, readCheckpoint } from "../../lib/note";
import { keepCheckpoint, lines, meetLedger, seenCheckpoint, seenKey } from "../../lib/pinned";
import { changesOf, isRecorded } from "./chain";
import { follow, type KeyChange } from "./rotation";

/** `changes`: of the ledger's key, between the one that somebody pinned and the one that signs now. */
export type Growth =
  | { state: "first"; now: Checkpoint; changes: KeyChange[] }
  | { state: "same"; now: Checkpoint; changes: KeyChange[] }
  | { state: "grew"; from: Checkpoint; now: Checkpoint; changes: KeyChange[] }
  /** It grew, and another key signs it, which the one before named. `keep` is for whoever finds that right. */
  | { state: "rekeyed"; from: Checkpoint; now: Checkpoint; changes: KeyChange[]; keep: () => void }
  | { state: "refused"; from: Checkpoint | null; now: Checkpoint | null; error: string };

/**
 * Whether the ledger of this checkpoint extends the one that this browser saw last. Only what a key signed is kept,
 * and that key beside it, so what was seen first can be trusted as far as that key can.
 */
export async function checkGrowth(daemonKeys: string, pinnedKeys: string, note: string, aborted: AbortSignal): Promise<Answer<Growth>> {
  const keys = lines(pinnedKeys.trim() === "" ? daemonKeys : pinnedKeys);
  const now = readCheckpoint(note);
  if (now === null) return refused(null, null, "What the daemon calls its checkpoint is none.");
  const before = seenCheckpoint(now.origin);
  const from = before === null ? null : readCheckpoint(before);
  let signed = verifyCheckpoint(note, keys);
  let signer = before === null ? null : signerOf(before, [seenKey(now.origin) ?? ""], keys);
  let changes: KeyChange[] = [];
  let recorded: KeyChange[] = [];
  if (!signed.ok || (from !== null && signer !== signed.key)) {
    const asked = await changesOf(now.origin, aborted);
    if (!asked.ok) return asked;
    recorded = asked.value;
    const followed = follow(keys, recorded);
    const again = verifyCheckpoint(note, followed.keys);
    if (!signed.ok && again.ok) changes = followed.used;
    signed = again;
    signer ??= before === null ? null : signerOf(before, followed.keys, recorded.map((change) => change.oldKey));
  }
  if (!signed.ok) return refused(null, now, signed.error);
  const own = signed.key;
  const replaced = recorded.find((change) => change.oldKey === own && change.index < now.size);
  if (replaced !== undefined) return refused(from, now, `It is signed by a key that another one replaced at entry ${replaced.index}.`);
  meetLedger(now.origin);
  const keep = (): void => keepCheckpoint(now.origin, note, own);
  if (before === null || from === null) {
    keep();
    return { ok: true, value: { state: "first", now, changes } };
  }
  if (from.size > now.size) return refused(from, now, `It has ${now.size} entries, and had ${from.size}: its end was cut off, or an old copy was put in its place.`);
  if (signer === null) return refused(from, now, "What was seen before is signed by no key that is known here.");
  const handed = signer === own ? [] : await handedOver(signer, own, recorded, from, now, aborted);
  if (handed === null) return refused(from, now, "Another key signs it than the one that signed what was seen before, and no entry that this one signed names it.");
  if (from.size === now.size && from.root === now.root) return { ok: true, value: { state: "same", now, changes } };
  const told = from.size === 0 || from.size === now.size ? null : await consistency(from.size, now.size, aborted);
  if (told !== null && !told.ok) return told;
  const checked = verifyConsistency({ old: before, checkpoint: note, proof: told?.value.proof ?? [], keys: [...new Set([signer, own])] });
  if (!checked.ok) return refused(from, now, `What was seen before is not the beginning of it: entries were changed, removed or put in between. (${checked.error})`);
  // Who stole a key can hand it over as well, so a person says whether that was meant.
  if (handed.length > 0) return { ok: true, value: { state: "rekeyed", from, now, changes: handed, keep } };
  keep();
  return { ok: true, value: { state: "grew", from, now, changes } };
}

/** Which of these keys signed a note; the first ones go before the others. */
function signerOf(note: string, first: readonly string[], others: readonly string[]): string | null {
  for (const keys of [first, others].map((all) => all.filter((key) => key !== ""))) {
    const signed = keys.length === 0 ? null : verifyCheckpoint(note, keys);
    if (signed?.ok === true) return signed.key;
  }
  return null;
}

/** The changes that lead from one key to the other, each in the part of the ledger that came since; null where none do. */
async function handedOver(signer: string, own: string, recorded: readonly KeyChange[], from: Checkpoint, now: Checkpoint, aborted: AbortSignal): Promise<KeyChange[] | null> {
  const since = recorded.filter((change) => change.index >= from.size && change.index < now.size);
  const { keys, used } = follow([signer], since);
  if (keys.at(-1) !== own) return null;
  for (const change of used) if (!(await isRecorded(change, now.origin, [own], aborted))) return null;
  return used;
}

function refused(from: Checkpoint | null, now: Checkpoint | null, error: string): Answer<Growth> {
  return { ok: true, value: { state: "refused", from, now, error } };
}

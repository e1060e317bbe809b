/**
 * Whether a receipt proves what it says. First with the keys that are trusted; and where the ledger's key changed since, or
 * since somebody pinned one, with those that these keys vouch for.
 */
import { verifyCheckpoint, verifyConsistency, verifyReceipt } from "@sentinel/policy";
import { useEffect, useMemo, useState } from "preact/hooks";
import { checkpoint, consistency } from "../../api/calls";
import type { Json } from "../../api/types";
import { engine } from "../../lib/engine";
import { lines } from "../../lib/pinned";
import { changesOf, isRecorded } from "./chain";
import { before, follow, type KeyChange } from "./rotation";

export type KeySource = "daemon" | "pinned";

export interface Proven {
  index: number;
  entry: string;
  entryJson: Json | null;
  origin: string;
  size: number;
  key: string;
}

/** `changes`: of the ledger's key, between the one that is trusted and the one that signed. */
export type Checked = { ok: true; proven: Proven; source: KeySource; changes: KeyChange[] } | { ok: false; error: string; source: KeySource };

/** Checks a receipt. A pinned key goes before the daemon's. */
export function checkReceipt(text: string, daemonKeys: string, pinnedKeys: string): Checked {
  const { source, keys } = trusted(daemonKeys, pinnedKeys);
  if (keys.length === 0) return { ok: false, error: "There is no key to check it with: paste the ledger's public key.", source };
  try {
    const result = verifyReceipt(text, keys);
    return result.ok ? { ok: true, proven: result, source, changes: [] } : { ok: false, error: result.error, source };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error), source };
  }
}

function trusted(daemonKeys: string, pinnedKeys: string): { source: KeySource; keys: string[] } {
  const source: KeySource = pinnedKeys.trim() === "" ? "daemon" : "pinned";
  return { source, keys: lines(source === "pinned" ? pinnedKeys : daemonKeys) };
}

/** The same, over changes of the ledger's key; null where there are none that matter. */
export async function checkFurther(text: string, daemonKeys: string, pinnedKeys: string, aborted: AbortSignal): Promise<Checked | null> {
  const { source, keys } = trusted(daemonKeys, pinnedKeys);
  const head = await checkpoint(aborted);
  const origin = head.ok ? head.value.split("\n")[0] : undefined;
  if (!head.ok || origin === undefined || keys.length === 0) return null;
  const all = await changesOf(origin, aborted);
  if (!all.ok || all.value.length === 0) return null;
  const later = follow(keys, all.value);
  const earlier: KeyChange[] = [];
  // An earlier key is vouched for by the ledger of a later one, which has the entry.
  for (const change of before(later.keys, all.value)) if (await isRecorded(change, origin, later.keys, aborted)) earlier.push(change);
  const proven = verifyReceipt(text, [...later.keys, ...earlier.map((change) => change.oldKey)]);
  if (!proven.ok || proven.origin !== origin) return null;
  const refuse = (error: string): Checked => ({ ok: false, error, source });
  const replaced = all.value.find((change) => change.oldKey === proven.key);
  if (replaced !== undefined && proven.size > replaced.index) {
    return refuse(`its checkpoint has ${proven.size} entries and is signed by a key that another one replaced at entry ${replaced.index}`);
  }
  if (later.keys.includes(proven.key)) return { ok: true, proven, source, changes: later.used };
  // Whoever has a key that was given up could sign a past that never was: the ledger of now has to begin with it.
  const note = noteOf(text);
  const now = verifyCheckpoint(head.value, later.keys);
  if (note === null || !now.ok) return null;
  const told = proven.size === now.size ? { ok: true as const, value: { proof: [] } } : await consistency(proven.size, now.size, aborted);
  if (!told.ok) return null;
  const grown = verifyConsistency({ old: note, checkpoint: head.value, proof: told.value.proof, keys: [proven.key, now.key] });
  if (!grown.ok) return refuse(`it is signed by an earlier key, and the ledger of now does not begin with its entries: ${grown.error}`);
  return { ok: true, proven, source, changes: earlier.filter((change) => change.index >= proven.size).reverse() };
}

function noteOf(receipt: string): string | null {
  const { checkpoint: note } = JSON.parse(receipt) as { checkpoint?: unknown };
  return typeof note === "string" ? note : null;
}

/** What is known of a receipt by now; null while it is checked, and where there is nothing to check or to check with. */
export function useChecked(text: string, daemonKeys: string | null, pinnedKeys: string): Checked | null {
  const ready = engine.value === "ready";
  const first = useMemo(() => (ready && daemonKeys !== null && text.trim() !== "" ? checkReceipt(text, daemonKeys, pinnedKeys) : null), [ready, text, daemonKeys, pinnedKeys]);
  const [further, setFurther] = useState<{ of: Checked; found: Checked } | null>(null);
  useEffect(() => {
    if (first === null || first.ok || daemonKeys === null) return undefined;
    const ended = new AbortController();
    const settle = (found: Checked | null): void => {
      if (!ended.signal.aborted) setFurther({ of: first, found: found ?? first });
    };
    checkFurther(text, daemonKeys, pinnedKeys, ended.signal).then(settle, () => settle(null));
    return () => ended.abort();
  }, [first]);
  if (first === null || first.ok) return first;
  return further?.of === first ? further.found : null;
}

/**
 * Changes of the ledger's key. The old key signs an entry that names the new one, so whoever trusts the one can follow
 * to the other by signatures alone, whatever the daemon says. Who asks for the entries is `chain.ts`; nothing is asked here.
 */
import type { Json } from "../../api/types";

/** An entry that says who follows whom. Reading is not verifying. */
export interface KeyChange {
  /** The place of the entry: the old key signs checkpoints up to this size, the new one those after it. */
  index: number;
  oldKey: string;
  newKey: string;
  signature: string;
}

/** The change that an entry records; null where it records none, or one for another place. */
export function changeOf(entry: { [key: string]: Json }, index: number): KeyChange | null {
  const { kind, oldKey, newKey, signature, size } = entry;
  if (kind !== "key-rotation" || size !== index) return null;
  if (typeof oldKey !== "string" || typeof newKey !== "string" || typeof signature !== "string" || oldKey === newKey) return null;
  return { index, oldKey, newKey, signature };
}

/** Whether the old key signed that the new one follows it, in this ledger and at this place. */
export async function isSigned(change: KeyChange, origin: string): Promise<boolean> {
  const key = bytesOfKey(change.oldKey);
  const signature = bytes(change.signature);
  if (key === null || signature === null) return false;
  const said = new TextEncoder().encode(`sentinel-key-rotation/v1\n${origin}\n${change.index}\n${change.oldKey}\n${change.newKey}\n`);
  const own = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, own, signature, said);
}

/** What comes of keys that are trusted: they, those that follow them, and the changes that led there, in order. */
export function follow(trusted: readonly string[], changes: readonly KeyChange[]): { keys: string[]; used: KeyChange[] } {
  const keys = [...trusted];
  const used: KeyChange[] = [];
  for (const change of [...changes].sort((one, other) => one.index - other.index)) {
    if (!keys.includes(change.oldKey) || keys.includes(change.newKey)) continue;
    keys.push(change.newKey);
    used.push(change);
  }
  return { keys, used };
}

/** Those that came before keys that are trusted, and up to which size each of them signed. */
export function before(trusted: readonly string[], changes: readonly KeyChange[]): KeyChange[] {
  const keys = [...trusted];
  const earlier: KeyChange[] = [];
  for (const change of [...changes].sort((one, other) => other.index - one.index)) {
    if (!keys.includes(change.newKey) || keys.includes(change.oldKey)) continue;
    keys.push(change.oldKey);
    earlier.push(change);
  }
  return earlier;
}

/** The Ed25519 key of a line `<name>+<hash>+<base64 of 0x01 and the key>`. */
function bytesOfKey(line: string): Uint8Array<ArrayBuffer> | null {
  const text = /^[^+\s]+\+[0-9a-f]{8}\+(.+)$/.exec(line)?.[1];
  const all = text === undefined ? null : bytes(text);
  return all !== null && all.length === 33 && all[0] === 1 ? all.slice(1) : null;
}

function bytes(base64: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

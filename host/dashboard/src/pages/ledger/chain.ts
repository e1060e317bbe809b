/**
 * The changes of key that a ledger has on record, asked of the daemon and believed by none of its words: each has to be
 * signed by its old key, and where more depends on it, proven to be in the ledger.
 */
import { verifyReceipt } from "@sentinel/policy";
import { entries, receipt } from "../../api/calls";
import { type Answer, noAnswer, type Problem } from "../../api/problem";
import type { Json } from "../../api/types";
import { changeOf, isSigned, type KeyChange } from "./rotation";

const LIMIT = 1_000;

/** Those that their old keys signed, in order. What only claims to be one is left out. */
export async function changesOf(origin: string, aborted: AbortSignal): Promise<Answer<KeyChange[]>> {
  const found: KeyChange[] = [];
  let from: number | null = 0;
  while (from !== null) {
    const answer: Awaited<ReturnType<typeof entries>> = await entries({ kind: "key-rotation", from, limit: LIMIT }, aborted);
    if (!answer.ok) return answer;
    for (const one of answer.value.entries) {
      const change = changeOf(one.entry, one.index);
      if (change !== null) found.push(change);
    }
    from = answer.value.nextFrom;
  }
  try {
    const signed = await Promise.all(found.map((change) => isSigned(change, origin)));
    return { ok: true, value: found.filter((_, at) => signed[at]) };
  } catch {
    return { ok: false, problem: UNABLE };
  }
}

const UNABLE: Problem = {
  ...noAnswer(false),
  kind: "refused",
  code: "no-ed25519",
  title: "This browser cannot check who follows the key",
  detail: "The ledger says that its key changed, and the browser has no Ed25519 to check the old key's signature. It has it over HTTPS and on the own machine only.",
  next: "Open the page over HTTPS, or check with `sentinel ledger verify`.",
};

/** Whether a change is in the ledger of these keys, at its place and word for word. */
export async function isRecorded(change: KeyChange, origin: string, keys: readonly string[], aborted: AbortSignal): Promise<boolean> {
  const answer = await receipt(change.index, aborted);
  if (!answer.ok) return false;
  const proven = verifyReceipt(answer.value, keys);
  if (!proven.ok || proven.index !== change.index || proven.origin !== origin) return false;
  const own = changeOf(objectOf(proven.entryJson), change.index);
  return own !== null && own.oldKey === change.oldKey && own.newKey === change.newKey && own.signature === change.signature;
}

function objectOf(value: Json | null): { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** What the last replay found, for the dialog that asks before deploying: by the digest of the draft it was about. */
import { kindOf, type Outcome } from "./replay";

export interface Summary {
  readonly total: number;
  readonly changed: number;
  /** Were not denied before. */
  readonly denied: number;
}

let last: { readonly digest: string; readonly summary: Summary } | null = null;

export function remember(digest: string, outcomes: readonly Outcome[]): void {
  const kinds = outcomes.map(kindOf).filter((kind) => kind !== null);
  last = { digest, summary: { total: outcomes.length, changed: kinds.length, denied: kinds.filter((kind) => kind.endsWith("→deny")).length } };
}

export function summaryOf(digest: string): Summary | null {
  return last !== null && last.digest === digest ? last.summary : null;
}

/**
 * What the last replay found, for the dialog that asks before deploying: by the draft and by what governed. Drafts that
 * differ in their version only decide alike, so raising it leaves a draft tried.
 */
import { signal } from "@preact/signals";
import { kindOf, type Outcome } from "./replay";
import { withVersion } from "./version";

export interface Summary {
  readonly total: number;
  readonly changed: number;
  /** Were not denied before. */
  readonly denied: number;
}

const last = signal<{ readonly about: string; readonly summary: Summary } | null>(null);

/** Texts of both policies; null where none governs. */
export function remember(draft: string, governs: string | null, outcomes: readonly Outcome[]): void {
  const kinds = outcomes.map(kindOf).filter((kind) => kind !== null);
  last.value = { about: about(draft, governs), summary: { total: outcomes.length, changed: kinds.length, denied: kinds.filter((kind) => kind.endsWith("→deny")).length } };
}

export function summaryOf(draft: string, governs: string | null): Summary | null {
  return last.value?.about === about(draft, governs) ? last.value.summary : null;
}

function about(draft: string, governs: string | null): string {
  const unversioned = withVersion(draft, draft.trimStart().startsWith("{") ? "json" : "yaml", "") ?? draft;
  return JSON.stringify([unversioned, governs]);
}

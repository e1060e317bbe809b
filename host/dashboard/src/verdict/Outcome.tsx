/** The word of a verdict, with a sign, so that it does not depend on colour. */
import type { Outcome as Word } from "@sentinel/policy";

const SIGNS: Readonly<Record<Word, string>> = {
  allow: "M3.2 8.4l3.1 3.1 6.5-7",
  escalate: "M8 3.2v6M8 12.2v.6",
  deny: "M4 4l8 8M12 4l-8 8",
};

export function Outcome({ outcome, large = false }: { outcome: Word; large?: boolean }) {
  return (
    <span class={`v-outcome v-${outcome} ${large ? "v-large" : ""}`}>
      <OutcomeSign outcome={outcome} />
      {outcome}
    </span>
  );
}

export function OutcomeSign({ outcome }: { outcome: Word }) {
  return (
    <svg class={`v-sign v-${outcome}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={SIGNS[outcome]} fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

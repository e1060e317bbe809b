/**
 * One decision, whole: the verdict, what every layer said, the part that decided, the commands that would run,
 * and the verdict as JSON. It shows what the engine said, and says nothing by itself.
 */
import { useState } from "preact/hooks";
import type { Explanation, Range, Verdict } from "@sentinel/policy";
import "./verdict.css";
import { CommandTree } from "./CommandTree";
import { Layers } from "./Layers";
import { Marked, Visible } from "./Marked";
import { Outcome } from "./Outcome";
import { subjectOf } from "./subject";

export interface RulePlace {
  readonly pointer: string;
  readonly pattern: string;
  /** In the text that the policy was made of. */
  readonly range: Range | null;
}

interface Props {
  readonly verdict: Verdict;
  readonly explanation: Explanation | null;
  /** The JSON text of the call. */
  readonly call: string | null;
  /** Shows the rule in the policy; without it, rules are texts. */
  readonly onRule?: (rule: RulePlace) => void;
  /** Parts that are left out where the page has them elsewhere. */
  readonly without?: readonly ("json" | "subject")[];
}

export function VerdictView({ verdict, explanation, call, onRule, without = [] }: Props) {
  const [chosen, setChosen] = useState<{ start: number; end: number } | null>(null);
  const subject = explanation === null || call === null || without.includes("subject") ? null : subjectOf(call, explanation);
  return (
    <div class="v-view">
      <VerdictLine verdict={verdict} />
      {subject !== null && (
        <section class="v-section">
          <h3>{subject.marks.length === 0 ? subject.title : subject.title === "Command" ? "What decided, in the command" : "What decided, in the input"}</h3>
          <Marked text={subject.text} marks={subject.marks} chosen={chosen} label={subject.title} />
        </section>
      )}
      {explanation !== null && explanation.commands !== null && explanation.commands.length > 0 && (
        <section class="v-section">
          <h3>Commands that would run</h3>
          <CommandTree nodes={explanation.commands} reasons={explanation.reasons} text={subject?.title === "Command" ? subject.text : null} onChoose={setChosen} />
        </section>
      )}
      <section class="v-section">
        <h3>What every layer said</h3>
        <Layers verdict={verdict} explanation={explanation} {...(onRule === undefined ? {} : { onRule })} />
      </section>
      {!without.includes("json") && <WholeVerdict verdict={verdict} />}
    </div>
  );
}

/** The verdict in one line, and what follows from it. */
export function VerdictLine({ verdict }: { verdict: Verdict }) {
  const facts = [
    verdict.layer,
    verdict.code,
    typeof verdict["riskPoints"] === "number" ? `${verdict["riskPoints"]} ${verdict["riskPoints"] === 1 ? "point" : "points"}` : null,
    verdict.mode,
    verdict.permitted === (verdict.decision === "allow") ? null : verdict.permitted ? "goes ahead, for the mode only watches" : "not permitted",
  ];
  return (
    <div class={`v-line v-${verdict.decision}`}>
      <Outcome outcome={verdict.decision} large />
      <p class="v-reason">
        <Visible text={verdict.reason} />
      </p>
      <p class="v-facts">{facts.filter((fact) => fact !== null).join(" · ")}</p>
    </div>
  );
}

function WholeVerdict({ verdict }: { verdict: Verdict }) {
  return (
    <details class="v-whole">
      <summary>Whole verdict</summary>
      <pre class="v-text" tabIndex={0} role="group" aria-label="Verdict as JSON">
        <Visible text={JSON.stringify(verdict, null, 2)} lines />
      </pre>
    </details>
  );
}

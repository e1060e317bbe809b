/** The chosen call of a session: its text, what became of it, and why. */
import { useMemo } from "preact/hooks";
import { Button } from "../components/Button";
import { LazyEditor } from "../editor/LazyEditor";
import { VerdictView, type RulePlace } from "../verdict";
import { completeCall } from "./call";
import { without } from "./positions";
import type { Outcome } from "./session-run";
import { answers, calls, callText, chosen, compiled, environment, outcome, outcomes, session, tab, until } from "./state";

export function SessionDetail({ onRule }: { onRule: (rule: RulePlace) => void }) {
  const at = chosen.value;
  const text = calls.value[at];
  const policy = compiled.value.policy;
  const stage = session.value?.stages[at];
  const call = text === undefined || policy === null ? null : completeCall(text, policy.agentId, environment.value);
  const found = useMemo(() => {
    if (policy === null || call === null) return null;
    try {
      return policy.explain(call);
    } catch {
      return null;
    }
  }, [policy, call]);
  if (text === undefined) return null;
  return (
    <section class="p-detail" aria-labelledby="detail-title">
      <header class="p-row">
        <h3 id="detail-title">Call {at + 1}</h3>
        <span class="grow" />
        {stage?.outcome !== undefined && stage.outcome !== null && <OutcomeChoice position={at} value={stage.outcome} />}
        <Button kind="quiet" onClick={() => alone(text)} title="Opens it as the one call">
          Try alone
        </Button>
        <Button kind="quiet" icon="cross" label={`Remove call ${at + 1}`} onClick={() => remove(at)} />
      </header>
      <div class="p-call-json">
        <LazyEditor key={at} text={text} notation="json" label={`Call ${at + 1} as JSON`} small assist={false} onChange={(next) => put(at, next)} />
      </div>
      {stage === undefined ? (
        <p class="muted small">It is not made yet.</p>
      ) : (
        <VerdictView verdict={stage.verdict} explanation={found} call={call} onRule={onRule} />
      )}
    </section>
  );
}

function OutcomeChoice({ position, value }: { position: number; value: Outcome }) {
  return (
    <label class="field-line">
      <span>It was</span>
      <select
        value={outcomes.value.get(position) ?? ""}
        onChange={(event) => {
          const next = new Map(outcomes.peek());
          const said = event.currentTarget.value;
          if (said === "executed" || said === "failed" || said === "not-executed" || said === "unreported") next.set(position, said);
          else next.delete(position);
          outcomes.value = next;
        }}
      >
        <option value="">{outcomes.value.has(position) ? `as all (${outcome.value})` : value} </option>
        {(["executed", "failed", "not-executed", "unreported"] as const).map((one) => (
          <option key={one} value={one}>
            {one === "not-executed" ? "not executed" : one === "unreported" ? "not reported" : one}
          </option>
        ))}
      </select>
    </label>
  );
}

function alone(text: string): void {
  callText.value = text;
  tab.value = "call";
}

function put(at: number, text: string): void {
  calls.value = calls.peek().map((own, position) => (position === at ? text : own));
}

function remove(at: number): void {
  calls.value = calls.peek().filter((_, position) => position !== at);
  answers.value = without(answers.peek(), at);
  outcomes.value = without(outcomes.peek(), at);
  if (until.peek() > at) until.value = until.peek() - 1;
  chosen.value = Math.max(0, Math.min(at, calls.peek().length - 1));
}

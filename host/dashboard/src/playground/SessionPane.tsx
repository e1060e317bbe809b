/** A list of calls as one session: made one by one, answered, charged. */
import { Button } from "../components/Button";
import { Text } from "../components/Text";
import { Bars, OutcomeSign, type RulePlace } from "../verdict";
import { sessionBars } from "./about";
import { summary } from "./call";
import { RiskChart } from "./RiskChart";
import { SessionDetail } from "./SessionDetail";
import { SessionTools } from "./SessionTools";
import type { Answer, Stage } from "./session-run";
import { answers, calls, chosen, compiled, resetSession, session, sessionError, until } from "./state";

export function SessionPane({ onRule }: { onRule: (rule: RulePlace) => void }) {
  const { about } = compiled.value;
  const run = session.value;
  const list = calls.value;
  const at = Math.min(until.value, list.length);
  return (
    <div class="p-session">
      <div class="p-row">
        <Button icon="left" label="One call back" disabled={at === 0} onClick={() => go(at - 1)} />
        <Button icon="right" label="Next call" kind="primary" disabled={at >= list.length} onClick={() => go(at + 1)} />
        <Button icon="play" disabled={at >= list.length} onClick={() => go(list.length)}>
          Run all
        </Button>
        <Button kind="quiet" disabled={at === 0} onClick={() => resetSession()}>
          Reset
        </Button>
        <span class="p-position num small muted nowrap" role="status">
          {at} of {list.length} calls
        </span>
        <SessionTools />
      </div>
      {sessionError.value !== "" && <p class="note note-deny">The session could not be made: {sessionError.value}</p>}
      {about !== null && (
        <div class="p-meters">
          {about.risk !== null && <RiskChart stages={run?.stages ?? []} total={list.length} max={about.risk.max} thresholds={about.risk.thresholds} chosen={chosen.value} />}
          <Bars label="Meters of the session" bars={sessionBars(about, run?.meters ?? [], run?.risk.status ?? "normal")} />
        </div>
      )}
      <Counts stages={run?.stages ?? []} />
      <ol class="p-calls" aria-label="Calls of the session">
        {list.map((text, position) => (
          <CallRow key={position} position={position} text={text} stage={run?.stages[position]} />
        ))}
      </ol>
      {list.length === 0 && <p class="p-no-verdict">No calls yet. Add the one call, or open a recorded session.</p>}
      <SessionDetail onRule={onRule} />
    </div>
  );
}

function go(position: number): void {
  until.value = position;
  chosen.value = Math.max(0, position - 1);
}

function Counts({ stages }: { stages: readonly Stage[] }) {
  const count = (decision: string): number => stages.filter((stage) => stage.verdict.decision === decision).length;
  return (
    <p class="p-counts small">
      {(["allow", "escalate", "deny"] as const).map((decision) => (
        <span key={decision} class={`v-${decision}`}>
          <OutcomeSign outcome={decision} />
          <span class="num">{count(decision)}</span> {decision}
        </span>
      ))}
    </p>
  );
}

function CallRow({ position, text, stage }: { position: number; text: string; stage: Stage | undefined }) {
  const { tool, what } = summary(text);
  const decision = stage?.verdict.decision;
  return (
    <li class={`p-call-row ${chosen.value === position ? "p-chosen" : ""} ${stage === undefined ? "p-ahead" : ""}`}>
      <button type="button" class="p-call-button" aria-pressed={chosen.value === position} onClick={() => (chosen.value = position)}>
        <span class="p-number num">{position + 1}</span>
        <span class={`p-call-sign ${decision === undefined ? "" : `v-${decision}`}`}>
          {decision !== undefined && <OutcomeSign outcome={decision} />}
          <span class="visually-hidden">{decision ?? "not made yet"}: </span>
        </span>
        <span class="p-call-tool cut">
          <Text of={tool} most={40} />
        </span>
        <code class="p-call-what cut">
          <Text of={what} most={160} />
        </code>
        {stage !== undefined && <span class="p-points num">{String(stage.verdict["riskPoints"] ?? "")}</span>}
      </button>
      {stage?.waiting === true && (
        <span class="p-answer">
          <Button kind="allow" onClick={() => answer(position, "approved")} label={`Approve call ${position + 1}`}>
            Approve
          </Button>
          <Button kind="danger" onClick={() => answer(position, "denied")} label={`Deny call ${position + 1}`}>
            Deny
          </Button>
        </span>
      )}
      {answers.value.has(position) && stage !== undefined && stage.answered !== null && (
        <span class="p-answer small muted">
          {answers.value.get(position)} by you
          <Button kind="quiet" onClick={() => answer(position, null)} label={`Take back the answer to call ${position + 1}`}>
            Undo
          </Button>
        </span>
      )}
    </li>
  );
}

function answer(position: number, said: Answer | null): void {
  const next = new Map(answers.peek());
  if (said === null) next.delete(position);
  else next.set(position, said);
  answers.value = next;
}

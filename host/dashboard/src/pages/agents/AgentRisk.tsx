/** The risk gauge with the policy's thresholds, and setting a session's points to nought. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { reset } from "../../api/calls";
import type { Problem } from "../../api/problem";
import type { Query } from "../../api/query";
import { mayChange } from "../../api/session";
import type { Json, PolicyDocument, Risk } from "../../api/types";
import { RiskBadge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Gauge, type Threshold } from "../../components/Meter";
import { Panel } from "../../components/Panel";
import { ErrorBox, Loaded } from "../../components/states";
import { toast } from "../../components/Toast";
import { count, short } from "../../lib/format";

const NAMES = ["warn", "throttle", "critical", "exhausted"] as const;

const meanings: Record<(typeof NAMES)[number], string> = {
  warn: "for you to know",
  throttle: "costly calls need a person",
  critical: "reads only",
  exhausted: "nothing",
};

export function AgentRisk({ id, risk, policy }: { id: string; risk: Query<Risk>; policy: PolicyDocument | null }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const marks = thresholds(policy?.description["riskBudget"]);
  return (
    <Panel
      title="Risk of its session"
      aside={
        mayChange("admin") && (
          <Button kind="quiet" disabled={risk.data === null || risk.data.riskUsed === 0} onClick={() => setAsking(true)}>
            Reset…
          </Button>
        )
      }
    >
      <Loaded query={risk}>
        {(data) => (
          <div class="agent-gauge">
            <Gauge name={`Risk points of ${id}`} used={data.riskUsed} max={data.riskMax} status={data.status} thresholds={marks} />
            <div class="stack">
              <RiskBadge status={data.status} />
              {marks.length > 0 && (
                <dl class="thresholds small">
                  {marks.map((mark) => (
                    <div key={mark.name} class={data.riskUsed >= mark.at ? "threshold-reached" : ""}>
                      <dt class="num">{short(mark.at)}</dt>
                      <dd>
                        <span class="strong">{mark.name}</span> <span class="muted">{meanings[mark.name as (typeof NAMES)[number]]}</span>
                      </dd>
                    </div>
                  ))}
                </dl>
              )}
            </div>
            <p class="muted xs agent-gauge-foot">{data.sessionId === null ? "The agent's own session" : <>Session <code>{data.sessionId.slice(0, 80)}</code></>}</p>
          </div>
        )}
      </Loaded>
      {asking && risk.data !== null && <Reset id={id} risk={risk.data} close={() => setAsking(false)} done={risk.refresh} />}
    </Panel>
  );
}

function Reset({ id, risk, close, done }: { id: string; risk: Risk; close: () => void; done: () => void }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const act = async (): Promise<void> => {
    setBusy(true);
    const answer = await reset(id, risk.sessionId);
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    toast(`Reset: ${count(answer.value.riskUsed)} points of ${id} are forgotten, and that is on record.`);
    done();
    close();
  };
  return (
    <Dialog
      title="Set the points of this session to nought?"
      open
      close={close}
      actions={
        <>
          <Button onClick={close}>Leave them</Button>
          <Button kind="danger" busy={busy} onClick={() => void act()}>
            Reset {count(risk.riskUsed)} points
          </Button>
        </>
      }
    >
      <p>
        <strong>{id}</strong> has used {count(risk.riskUsed)}
        {risk.riskMax === null ? "" : ` of ${count(risk.riskMax)}`} points and is <strong>{risk.status}</strong>. After this it may go on as if the session were new.
      </p>
      <p class="muted">The points of the day, budgets and rates stay as they are. The ledger keeps who did it, and how many points there were.</p>
      {problem !== null && <ErrorBox problem={problem} />}
    </Dialog>
  );
}

function thresholds(budget: Json | undefined): Threshold[] {
  if (typeof budget !== "object" || budget === null || Array.isArray(budget)) return [];
  return NAMES.flatMap((name) => {
    const at = budget[name];
    return typeof at === "number" ? [{ name, at }] : [];
  });
}

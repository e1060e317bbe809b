/**
 * A list of calls as one session: decided in order, charged, answered and settled as the plan says. The whole run
 * is made anew from the plan whenever something changes, so going back is nothing special. The meters, and what a
 * verdict becomes by them, are the engine's.
 */
import { Session, type MeterState, type Policy, type Step, type Verdict } from "@sentinel/policy";

export type Answer = "approved" | "denied";
export type Outcome = "executed" | "failed" | "not-executed" | "unreported";

export interface Plan {
  /** The texts that the engine gets. */
  readonly calls: readonly string[];
  /** How many of them are made. */
  readonly until: number;
  /** What people said, by the position of the call. */
  readonly answers: ReadonlyMap<number, Answer>;
  /** What became of a call, where it is not what becomes of all. */
  readonly outcomes: ReadonlyMap<number, Outcome>;
  readonly outcome: Outcome;
  readonly start: number;
  readonly gapSeconds: number;
  /** Whether there is anybody to ask; otherwise what needs a person is denied. */
  readonly approval: "possible" | "nobody";
}

export interface Stage {
  readonly position: number;
  /** What the call got first. */
  readonly asked: Step;
  /** What it got when it was sent again with the answer of a person. */
  readonly answered: Step | null;
  readonly verdict: Verdict;
  /** Waits for a person. */
  readonly waiting: boolean;
  readonly outcome: Outcome | null;
  /** Points of the session after it. */
  readonly risk: number;
}

export interface Run {
  readonly stages: readonly Stage[];
  readonly meters: readonly MeterState[];
  readonly risk: { readonly used: number; readonly max: number | null; readonly status: string };
}

export function run(policy: Policy, plan: Plan): Run {
  const session = new Session(policy, { approval: plan.approval });
  try {
    const stages = plan.calls.slice(0, plan.until).map((call, position) => stage(session, plan, call, position));
    return { stages, meters: session.meters, risk: session.risk };
  } finally {
    session.free();
  }
}

function stage(session: Session, plan: Plan, call: string, position: number): Stage {
  const now = plan.start + position * plan.gapSeconds * 1_000;
  const asked = session.step(call, { now });
  const answer = plan.answers.get(position);
  let answered: Step | null = null;
  if (asked.approvalId !== null && asked.verdict.decision === "escalate" && answer !== undefined) {
    say(session, asked.approvalId, answer);
    answered = session.step(call, { now, approvalId: asked.approvalId });
  }
  const last = answered ?? asked;
  const permitted = last.verdict.permitted;
  const outcome = permitted ? (plan.outcomes.get(position) ?? plan.outcome) : null;
  if (outcome !== null && outcome !== "unreported") session.settle(last.verdictId, outcome);
  return {
    position,
    asked,
    answered,
    verdict: last.verdict,
    waiting: answered === null && asked.approvalId !== null && asked.verdict.decision === "escalate",
    outcome,
    risk: session.risk.used,
  };
}

const PEOPLE = ["you", "a colleague"];

/** In the name of as many people as it takes: the page plays all of them. */
function say(session: Session, approvalId: string, answer: Answer): void {
  const question = session.questions.find((one) => one.approvalId === approvalId);
  if (question === undefined || question.state !== "pending") return;
  const people = Array.from({ length: question.quorum }, (_, index) => question.approvers[index] ?? PEOPLE[index] ?? `person ${index + 1}`);
  for (const by of answer === "approved" ? people : people.slice(0, 1)) {
    try {
      if (answer === "approved") session.approve(approvalId, by);
      else session.deny(approvalId, by);
    } catch {
      // Fewer may answer than it takes: the question stays open, as it would with a daemon.
      return;
    }
  }
}

/**
 * What a daemon keeps in its store, for one page: meters, answers of people, what was learned. Every method
 * is synchronous, so nothing comes between reading a meter and charging it.
 */

import { callBytes } from "./bytes.js";
import { canAsk, modeNumber } from "./circumstances.js";
import { engine, EngineError } from "./engine.js";
import type { Policy } from "./policy.js";
import { WebSession } from "./sentinel_web.js";
import type { CallInput, Json, Mode, Outcome, Verdict } from "./types.js";

/** Options of a session. */
export interface SessionOptions {
  /** Of calls that do not say where they run. */
  environment?: string | undefined;
  /** A mode for everything; the stricter of it and the policy's own counts. */
  mode?: Mode | undefined;
  /** Whether somebody can answer: `possible` if nothing is said. */
  approval?: "nobody" | "possible" | undefined;
}

/** What comes with a call. */
export interface StepOptions {
  /** Milliseconds since the epoch: the clock's if nothing is said. Time does not go back. */
  now?: number | undefined;
  /** For meters of a run, where the call does not name one. */
  runId?: string | undefined;
  /** The answer that the call is sent with; without it, the one to this very call counts. */
  approvalId?: string | undefined;
}

/** What became of one call. */
export interface Step {
  verdictId: string;
  verdict: Verdict;
  /** The verdict as the engine's exact bytes. */
  text: string;
  /** The question that it asks or waits for, or whose yes it used. */
  approvalId: string | null;
  charges: Charge[];
}

/** An amount that was put on a meter. */
export interface Charge {
  meter: string;
  unit: Unit;
  key: string;
  amount: number;
  /** Until the outcome is told. */
  held: boolean;
}

/** What a meter counts. */
export type Unit = "points" | "usd-micros" | "tokens" | "calls";

/** A meter on which something was charged. */
export interface MeterState {
  meter: string;
  unit: Unit;
  scope: "session" | "run" | "agent";
  run: string | null;
  key: string;
  used: number;
  held: number;
  /** Null where there is none. */
  limit: number | null;
  window: Json;
}

/** Points of the session. */
export interface RiskState {
  used: number;
  max: number | null;
  status: "normal" | "warn" | "throttle" | "critical" | "exhausted";
}

/** What a person was asked. */
export interface Question {
  approvalId: string;
  verdictId: string;
  reason: string;
  code: string;
  state: "pending" | "approved" | "denied" | "used" | "expired";
  callDigest: string;
  /** Milliseconds since the epoch. */
  endsAt: number;
  /** Who may answer; empty: everybody. */
  approvers: string[];
  /** How many have to say yes. */
  quorum: number;
  answers: { subject: string; yes: boolean }[];
}

/** What a call really cost. */
export interface Cost {
  /** Dollars as text, exact: `0.25`. */
  usd?: string | undefined;
  tokens?: number | undefined;
}

interface State {
  meters: MeterState[];
  risk: RiskState;
  questions: Question[];
}

/** Numbers of {@link SessionOptions.approval}; the third is for {@link simulate}. */
const NOBODY = 0;
const POSSIBLE = 1;
const SAYS_NO = 2;

/** A session in the page. */
export class Session {
  readonly policy: Policy;
  #own: WebSession | null;
  /** Whether the clock runs: not where the caller tells the time. */
  #isLive = true;

  constructor(policy: Policy, options: SessionOptions = {}) {
    this.policy = policy;
    const mode = modeNumber(options.mode);
    const who = canAsk(options.approval) ? POSSIBLE : NOBODY;
    this.#own = engine(() => WebSession.start(policy.loaded(), mode, who, options.environment));
  }

  /**
   * Decides a call, reserves, concludes and charges, in one go. Throws where the clock is more than a day behind
   * the latest moment that was told: it is wrong, or was.
   */
  step(call: CallInput, options: StepOptions = {}): Step {
    const own = this.#loaded();
    const bytes = callBytes(call);
    this.#isLive = options.now === undefined;
    const now = options.now ?? Date.now();
    const text = told(() => own.step(bytes, now, options.runId, options.approvalId));
    const step = JSON.parse(text) as Step;
    step.verdict = JSON.parse(step.text) as Verdict;
    return step;
  }

  /** Says yes to a question. Throws where it is none, or settled, or this one may not answer. */
  approve(approvalId: string, by = "person"): void {
    this.#answer(approvalId, by, true);
  }

  /** Says no to a question. Throws as {@link approve}. */
  deny(approvalId: string, by = "person"): void {
    this.#answer(approvalId, by, false);
  }

  /**
   * Says what became of a call. What was held for it becomes what it really cost; nothing where it did not
   * happen. Throws where the verdict is none of this session.
   */
  settle(verdictId: string, outcome: "executed" | "failed" | "not-executed", cost: Cost = {}): void {
    const own = this.#loaded();
    if (outcome !== "executed" && outcome !== "failed" && outcome !== "not-executed") {
      throw new TypeError(`\`${String(outcome)}\` is no outcome`);
    }
    told(() => own.settle(verdictId, outcome !== "not-executed", cost.usd, cost.tokens, this.#now()));
  }

  /** Every meter on which something was charged, in its current window. */
  get meters(): MeterState[] {
    return this.#state().meters;
  }

  get risk(): RiskState {
    return this.#state().risk;
  }

  /** Every question, the newest last. */
  get questions(): Question[] {
    return this.#state().questions;
  }

  /** The session as text, for {@link Session.restore}. */
  save(): string {
    const own = this.#loaded();
    return engine(() => own.save());
  }

  /** Goes on from what was saved. Throws where the text is damaged, or of another agent. */
  static restore(policy: Policy, saved: string, options: SessionOptions = {}): Session {
    const mode = modeNumber(options.mode);
    const who = canAsk(options.approval) ? POSSIBLE : NOBODY;
    const own = told(() => WebSession.restore(policy.loaded(), saved, mode, who, options.environment));
    const session = new Session(policy, options);
    session.#replace(own);
    return session;
  }

  /** A session whose every answer is given: for {@link simulate}. */
  static pretending(policy: Policy, options: SessionOptions, saysNo: boolean): Session {
    const session = new Session(policy, options);
    if (!saysNo) return session;
    const mode = modeNumber(options.mode);
    session.#replace(engine(() => WebSession.start(policy.loaded(), mode, SAYS_NO, options.environment)));
    return session;
  }

  /** Answers in the name of everybody who may: for {@link simulate}. */
  pretend(approvalId: string, yes: boolean): void {
    const own = this.#loaded();
    told(() => own.pretend(approvalId, yes));
  }

  free(): void {
    const own = this.#own;
    this.#own = null;
    if (own !== null) engine(() => own.free());
  }

  [Symbol.dispose](): void {
    this.free();
  }

  #answer(approvalId: string, by: string, yes: boolean): void {
    const own = this.#loaded();
    told(() => own.answer(approvalId, by, yes, this.#now()));
  }

  #state(): State {
    const own = this.#loaded();
    return JSON.parse(engine(() => own.state(this.#now()))) as State;
  }

  #now(): number {
    return this.#isLive ? Date.now() : NaN;
  }

  #replace(own: WebSession): void {
    this.#own?.free();
    this.#own = own;
  }

  #loaded(): WebSession {
    if (this.#own === null) throw new EngineError("the session was freed");
    return this.#own;
  }
}

/** One call of the engine, whose refusals are errors. */
function told<T>(work: () => T): T {
  try {
    return engine(work);
  } catch (error) {
    throw typeof error === "string" ? new RangeError(error) : error;
  }
}

/** What {@link simulate} found. */
export interface Simulation {
  steps: Step[];
  meters: MeterState[];
  risk: RiskState;
}

/** Options of {@link simulate}. */
export interface SimulateOptions {
  /** The moment of every call: the clock's if nothing is said. */
  now?: number | undefined;
  /** Who answers: somebody could (the default), nobody, or somebody who says the same to everything. */
  approver?: "nobody" | "possible" | "yes" | "no" | undefined;
  environment?: string | undefined;
  mode?: Mode | undefined;
}

/** What one session of these calls would come to, as if everything that is permitted were executed. */
export function simulate(policy: Policy, calls: Iterable<CallInput>, options: SimulateOptions = {}): Simulation {
  const { approver = "possible", now = Date.now(), environment, mode } = options;
  if (!["nobody", "possible", "yes", "no"].includes(approver)) {
    throw new TypeError(`\`${String(approver)}\` is no approver`);
  }
  const approval = approver === "nobody" ? "nobody" : "possible";
  const session = Session.pretending(policy, { environment, mode, approval }, approver === "no");
  try {
    const steps: Step[] = [];
    for (const call of calls) {
      let step = session.step(call, { now });
      const asked: Outcome = step.verdict.decision;
      if (approver === "yes" && asked === "escalate" && step.approvalId !== null) {
        const { charges } = step;
        session.pretend(step.approvalId, true);
        step = session.step(call, { now });
        step.charges.unshift(...charges);
      }
      if (step.verdict.permitted) session.settle(step.verdictId, "executed");
      steps.push(step);
    }
    return { steps, meters: session.meters, risk: session.risk };
  } finally {
    session.free();
  }
}

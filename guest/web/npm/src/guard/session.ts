/**
 * The session that decides here: restored from where it was kept, saved before anything leaves, and asked
 * in one synchronous step, so that requests at the same time never share the last cent.
 */

import { QUESTIONS_MAX, type Answered, type Approvals, type ApprovalQuestion } from "./approvals.js";
import { Session, type Policy, type Step } from "./core.js";
import { GuardError, type DenialContext } from "./error.js";
import type { GuardOptions, SessionStore } from "./options.js";

/** A step, and who said yes to it. */
export interface Stepped {
  readonly step: Step;
  readonly approvedBy: string | null;
  readonly approvalNote: string | null;
}

export class SessionKeeper {
  readonly #policy: Policy;
  readonly #options: GuardOptions;
  readonly #store: SessionStore | undefined;
  #session: Session | null;
  #restoring: Promise<Session> | null = null;
  #tail: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(policy: Policy, session: Session | null, options: GuardOptions) {
    if (session !== null && options.persist !== undefined) {
      throw new TypeError("`persist` needs the policy: guardFetch restores the session by itself");
    }
    this.#policy = policy;
    this.#options = options;
    this.#store = options.persist;
    const isFresh = options.persist === undefined && options.daemon === undefined;
    this.#session = session ?? (isFresh ? new Session(policy, settings(options)) : null);
  }

  /** The session, if it is there already. */
  get session(): Session | null {
    return this.#session;
  }

  /**
   * The session, restored once. One that is damaged stays damaged: nobody knows what was spent. A store that could
   * not be read is asked again by the next request.
   */
  ready(context: DenialContext): Session | Promise<Session> {
    return this.#session ?? (this.#restoring ??= this.#restore(context));
  }

  async #restore(context: DenialContext): Promise<Session> {
    let saved: string | null | undefined;
    try {
      saved = await this.#store?.load();
    } catch (cause) {
      this.#restoring = null;
      throw GuardError.fault("session-damaged", { ...context, cause });
    }
    try {
      const own = settings(this.#options);
      // What was never saved is null; everything else has to be a session.
      this.#session = saved === null ? new Session(this.#policy, own) : Session.restore(this.#policy, String(saved), own);
      return this.#session;
    } catch (cause) {
      throw GuardError.fault("session-damaged", { ...context, cause });
    }
  }

  /** Everything up to now is kept afterwards. Requests that wait share what is written next. */
  saved(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return Promise.resolve();
    if (this.#next === null) {
      this.#next = this.#tail.then(async () => {
        this.#next = null;
        if (this.#session !== null) await store.save(this.#session.save());
      });
      this.#tail = this.#next.catch(() => undefined);
    }
    return this.#next;
  }
}

function settings({ environment, mode }: GuardOptions): ConstructorParameters<typeof Session>[1] {
  return { environment, mode };
}

/** Decides a call, and asks people as often as it takes. */
export async function decide(
  session: Session,
  call: string,
  options: { runId?: string | undefined; now?: (() => number) | undefined },
  approvals: Approvals | null,
  ask: (step: Step) => Omit<ApprovalQuestion, "signal">,
  signal: AbortSignal,
  context: DenialContext,
): Promise<Stepped> {
  let yes: { by: string; note: string | null } | null = null;
  for (let questions = 0; ; questions += 1) {
    signal.throwIfAborted();
    // Without the id of an answer: where another request that waits for the same one is quicker and uses it
    // up, this one asks for itself.
    const step = stepped(session, call, options, context);
    const { verdict, approvalId } = step;
    if (verdict.permitted) {
      const own = verdict.layer === "approval" ? yes : null;
      return { step, approvedBy: own?.by ?? null, approvalNote: own?.note ?? null };
    }
    if (verdict.decision !== "escalate" || approvalId === null || approvals === null) return { step, approvedBy: null, approvalNote: null };
    if (questions === QUESTIONS_MAX) throw refused("approval-too-many", step, context);
    const answered: Answered = await approvals.ask(session, ask(step), signal);
    if (answered.kind !== "approved") throw refused(`approval-${answered.kind}`, step, context, answered);
    yes = answered;
  }
}

function stepped(session: Session, call: string, options: { runId?: string | undefined; now?: (() => number) | undefined }, context: DenialContext): Step {
  try {
    return session.step(call, { now: options.now?.(), runId: options.runId });
  } catch (cause) {
    // What the session refuses, and not a fault of the engine.
    if (cause instanceof RangeError) throw GuardError.fault("clock-behind", { ...context, cause });
    throw cause;
  }
}

function refused(code: "approval-too-many" | "approval-denied" | "approval-expired" | "approval-failed", step: Step, context: DenialContext, answered?: Answered): GuardError {
  const cause = answered?.kind === "failed" ? { cause: answered.cause } : {};
  return GuardError.fault(code, { ...context, ...cause, verdict: step.verdict, verdictId: step.verdictId, approvalId: step.approvalId });
}

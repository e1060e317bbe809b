/**
 * Asks people. Each question is asked once, however many requests wait for its answer, and one yes is
 * for one request. Whatever goes wrong is a no.
 *
 * Who may answer, and for how long, is in the policy; the session keeps the questions.
 */

import type { Session, Verdict } from "./core.js";

/** What a person is asked about. Nothing secret is in it. */
export interface ApprovalQuestion {
  readonly approvalId: string;
  readonly agentId: string;
  /** Why. */
  readonly reason: string;
  readonly code: string;
  readonly method: string;
  readonly url: string;
  /** Dollars, `"0.500000"`; null where the request pays nothing. */
  readonly amount: string | null;
  readonly payee: string | null;
  /** The call that a yes is for, headers and body included, as JSON; signatures and credentials are left out. */
  readonly call: string | null;
  readonly verdict: Verdict;
  /** Ends when nobody waits for the answer any more, or the time is over. */
  readonly signal: AbortSignal;
}

/** Only `true`, or who said yes, is a yes. */
export type ApprovalAnswer = boolean | { by: string; note?: string };

export type ApproveHandler = (question: ApprovalQuestion) => ApprovalAnswer | Promise<ApprovalAnswer>;

/** What came of a question. */
export type Answered =
  | { readonly kind: "approved"; readonly by: string; readonly note: string | null }
  | { readonly kind: "denied" }
  | { readonly kind: "expired" }
  | { readonly kind: "failed"; readonly cause: unknown };

/** Questions that one request may lead to: each is one person's yes that another request used up. */
export const QUESTIONS_MAX = 64;

interface Asked {
  readonly answer: Promise<Answered>;
  readonly controller: AbortController;
  waiting: number;
}

/** Questions that are being asked, of each session: whoever shares one shares them. */
const OPEN = new WeakMap<Session, Map<string, Asked>>();

function openOf(session: Session): Map<string, Asked> {
  const open = OPEN.get(session) ?? new Map<string, Asked>();
  OPEN.set(session, open);
  return open;
}

/** Ends a question, unless the same was asked anew. */
function forget(session: Session, id: string, controller: AbortController): void {
  const open = openOf(session);
  if (open.get(id)?.controller === controller) open.delete(id);
}

/** Asks one handler. */
export class Approvals {
  readonly #handler: ApproveHandler;
  readonly #timeoutMs: number;

  constructor(handler: ApproveHandler, timeoutMs: number) {
    this.#handler = handler;
    this.#timeoutMs = timeoutMs;
  }

  /** Waits for the answer. Rejects only where the request itself was given up. */
  async ask(session: Session, question: Omit<ApprovalQuestion, "signal">, signal: AbortSignal): Promise<Answered> {
    signal.throwIfAborted();
    const id = question.approvalId;
    const open = openOf(session);
    let asked = open.get(id);
    if (asked === undefined) {
      const controller = new AbortController();
      asked = { controller, waiting: 0, answer: this.#run(session, { ...question, signal: controller.signal }, controller) };
      open.set(id, asked);
    }
    asked.waiting += 1;
    try {
      return await orAborted(asked.answer, signal);
    } finally {
      asked.waiting -= 1;
      if (asked.waiting === 0) {
        // Whoever comes now asks anew, and does not wait for a handler that is giving up.
        forget(session, id, asked.controller);
        asked.controller.abort(new DOMException("nobody waits for the answer", "AbortError"));
      }
    }
  }

  async #run(session: Session, question: ApprovalQuestion, controller: AbortController): Promise<Answered> {
    const id = question.approvalId;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Answered>((resolve) => {
      timer = setTimeout(() => resolve({ kind: "expired" }), this.#timeoutMs);
    });
    let answered = await Promise.race([this.#answer(question), late]);
    clearTimeout(timer);
    // Nobody waits: what the handler says after its signal ended is no answer of a person.
    if (controller.signal.aborted) return answered;
    if (answered.kind === "approved") {
      try {
        session.approve(id, answered.by);
      } catch (cause) {
        answered = { kind: "failed", cause };
      }
    } else {
      settleNo(session, id);
    }
    forget(session, id, controller);
    controller.abort(new DOMException("the question is over", "AbortError"));
    return answered;
  }

  async #answer(question: ApprovalQuestion): Promise<Answered> {
    try {
      const said: unknown = await this.#handler(question);
      if (said === true) return { kind: "approved", by: "approve", note: null };
      if (typeof said !== "object" || said === null) return { kind: "denied" };
      const { by, note } = said as { by?: unknown; note?: unknown };
      if (typeof by !== "string" || by === "") return { kind: "denied" };
      return { kind: "approved", by, note: typeof note === "string" ? note.slice(0, 256) : null };
    } catch (cause) {
      return { kind: "failed", cause };
    }
  }
}

function settleNo(session: Session, id: string): void {
  try {
    session.deny(id, "approve");
  } catch {
    // It is over already, which permits nothing.
  }
}

/** The result, or the reason of the signal, whichever comes first. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

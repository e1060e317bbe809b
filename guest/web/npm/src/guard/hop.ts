/**
 * One request on its way, and what is told of it: to people, to hooks, to records. Nothing is decided here.
 */

import type { ApprovalQuestion } from "./approvals.js";
import { endpointOf, hiddenCall, spelling, type Actor, type Canonical } from "./call.js";
import type { Step, Verdict } from "./core.js";
import { GuardError } from "./error.js";
import { dollars } from "./money.js";
import type { PaymentContext } from "./options.js";
import { receiptOf, type PaymentFacts } from "./payment.js";
import type { Worth } from "./probe.js";
import type { Evidence, RecordOutcome } from "./record.js";
import type { Facts } from "./recorder.js";
import { withoutBody, type Captured } from "./request.js";

/** A decision, whoever made it. */
export interface Ruling {
  readonly verdictId: string;
  readonly verdict: Verdict;
  readonly approvalId: string | null;
  readonly approvedBy: string | null;
  readonly approvalNote: string | null;
  readonly charges: Step["charges"];
}

export interface Hop {
  readonly captured: Captured;
  /** Null where the engine cannot read where it goes. */
  readonly canonical: Canonical | null;
  /** Whether a header carries a payment. */
  readonly paying: boolean;
  readonly payment: PaymentFacts | null;
  readonly worth: Worth | null;
  readonly startedAt: number;
  readonly resolved: readonly string[] | null;
  /** What is decided. */
  readonly call: string;
  /** The same for others; null where nobody but the policy may see it. */
  readonly told: string | null;
  ruling: Ruling | null;
  /** When it left. */
  sentAt: number | null;
}

/** How it came out. */
export interface End {
  readonly outcome: RecordOutcome;
  readonly response?: Response;
  readonly error?: unknown;
  readonly tags?: readonly string[];
}

/** What a request costs: what meters were charged, else what the payment is worth. */
export function microsOf(hop: Hop, charges: Step["charges"]): bigint {
  const charged = charges.filter((own) => own.unit === "usd-micros").map((own) => BigInt(own.amount));
  return [...charged, hop.worth?.micros ?? 0n].reduce((most, own) => (own > most ? own : most), 0n);
}

/** Whether money is held for it. */
export function isPaid(hop: Hop, ruling: Ruling): boolean {
  return hop.paying || ruling.charges.some((own) => own.held);
}

function where({ captured, canonical }: Hop): Canonical {
  return canonical ?? spelling(captured.url);
}

function payeeOf(hop: Hop): string | null {
  return hop.payment?.payee ?? hop.worth?.payee ?? null;
}

/** What a person is asked. */
export function questionOf(hop: Hop, step: Step, agentId: string): Omit<ApprovalQuestion, "signal"> {
  const { verdict, approvalId } = step;
  const { method, url } = hop.captured;
  const micros = microsOf(hop, step.charges);
  const { authority, path } = where(hop);
  return {
    approvalId: approvalId ?? "",
    agentId,
    reason: verdict.reason,
    code: verdict.code,
    method,
    url: `${url.protocol}//${authority}${path}`,
    amount: micros > 0n ? dollars(micros) : null,
    payee: payeeOf(hop),
    call: hop.told,
    verdict,
  };
}

/** What the hook before a payment is told. */
export function contextOf(hop: Hop, ruling: Ruling, agentId: string): PaymentContext {
  return Object.freeze({
    agentId,
    method: hop.captured.method,
    endpoint: endpointOf(hop.captured.url, where(hop)),
    amount: dollars(microsOf(hop, ruling.charges)),
    payee: payeeOf(hop),
    network: hop.payment?.network ?? null,
    asset: hop.payment?.asset ?? null,
    verdict: ruling.verdict,
  });
}

/** What is known of a request that was never opened. */
export function factsOfNothing(captured: Captured | null, startedAt: number, error: GuardError): Facts {
  const { verdict, verdictId, approvalId } = error;
  const nothing = { canonical: null, payment: null, micros: 0n, payee: null, approvedBy: null, approvalNote: null, sentAt: null, status: 0, receipt: null, tags: [], evidence: null };
  return { ...nothing, captured, verdict, verdictId, approvalId, startedAt, outcome: "blocked", error };
}

/** What is known of a request that is over. */
export function factsOf(hop: Hop, end: End, actor: Actor): Facts {
  const { ruling, captured, canonical, payment, startedAt, sentAt } = hop;
  const refused = end.error instanceof GuardError ? end.error : null;
  const verdict = ruling?.verdict ?? refused?.verdict ?? null;
  return {
    captured,
    canonical,
    payment,
    micros: microsOf(hop, ruling?.charges ?? []),
    payee: payeeOf(hop),
    verdict,
    verdictId: ruling?.verdictId ?? refused?.verdictId ?? null,
    approvalId: ruling?.approvalId ?? refused?.approvalId ?? null,
    approvedBy: ruling?.approvedBy ?? null,
    approvalNote: ruling?.approvalNote ?? null,
    startedAt,
    sentAt,
    outcome: end.outcome,
    status: end.response?.status ?? 0,
    receipt: end.response === undefined ? null : receiptOf(end.response),
    error: end.error ?? null,
    tags: end.tags ?? [],
    evidence: verdict === null ? null : evidenceOf(hop, verdict, refused, actor),
  };
}

function evidenceOf(hop: Hop, verdict: Verdict, refused: GuardError | null, actor: Actor): Evidence {
  // A payment that cannot be read is not told in other words.
  const payment = hop.worth === null ? null : hop.payment;
  const call = hop.told ?? hiddenCall(actor, hop.captured, where(hop), hop.resolved, payment);
  const isOwn = refused !== null && verdict.permitted;
  const policyDigest = typeof verdict["policyDigest"] === "string" ? verdict["policyDigest"] : "";
  const { toolName } = verdict;
  const small = withoutBody(hop.captured);
  const short = small === null ? {} : { short: hiddenCall(actor, small, where(hop), hop.resolved, payment) };
  return { call, ...short, toolName, decision: isOwn ? "deny" : verdict.decision, code: isOwn ? refused.code : verdict.code, policyDigest };
}

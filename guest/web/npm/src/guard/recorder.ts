/**
 * Makes a record of each request, hands it to the storage, and tells the hooks. It runs after everything
 * was decided and can loosen nothing; what fails here is told, and counts against the next request where
 * records are required.
 */

import { asObject } from "./base64.js";
import { endpointOf, spelling, type Canonical } from "./call.js";
import { redact, type Session, type Verdict } from "./core.js";
import { GuardError, type Told } from "./error.js";
import { dollars } from "./money.js";
import type { GuardOptions } from "./options.js";
import type { PaymentFacts, Receipt } from "./payment.js";
import { evaluation, redacted, Tagger, type AuditRecord, type AuditStorage, type Evidence, type RecordOutcome } from "./record.js";
import type { Captured } from "./request.js";
import { uuid } from "./uuid.js";

/** What is known of a request when it is over. */
export interface Facts {
  /** Null where it could not be read. */
  readonly captured: Captured | null;
  readonly canonical: Canonical | null;
  readonly payment: PaymentFacts | null;
  /** Millionths of a dollar that it would cost. */
  readonly micros: bigint;
  readonly payee: string | null;
  readonly verdict: Verdict | null;
  readonly verdictId: string | null;
  readonly approvalId: string | null;
  readonly approvedBy: string | null;
  readonly approvalNote: string | null;
  readonly startedAt: number;
  /** When it left, if it did. */
  readonly sentAt: number | null;
  readonly outcome: RecordOutcome;
  readonly status: number;
  readonly receipt: Receipt | null;
  readonly error: unknown;
  readonly tags: readonly string[];
  readonly evidence: Evidence | null;
}

/** Codes and layers that speak of limits. */
const LIMIT_LAYERS: ReadonlySet<string> = new Set(["budget", "rate-limit", "risk-budget"]);

export class Recorder {
  readonly #agentId: string;
  readonly #options: GuardOptions;
  readonly #storage: AuditStorage;
  readonly #tagger: Tagger;
  readonly #fields: readonly string[];
  readonly #now: () => number;
  readonly #onError: Told;
  /** Why the last record is not stored. */
  #failure: unknown = null;

  constructor(agentId: string, options: GuardOptions, storage: AuditStorage, now: () => number, onError: Told) {
    this.#agentId = agentId;
    this.#options = options;
    this.#storage = storage;
    this.#tagger = new Tagger(options.audit?.enrichment);
    this.#fields = [...(options.audit?.redactFields ?? [])];
    this.#now = now;
    this.#onError = onError;
  }

  /** Throws where records are required and cannot be taken. */
  check(): void {
    if (this.#options.audit?.required !== true) return;
    try {
      this.#storage.check?.();
      if (this.#failure !== null) throw this.#failure;
    } catch (cause) {
      throw GuardError.fault("records-full", { agentId: this.#agentId, cause });
    }
  }

  /** Records a request, and returns what was recorded. Never rejects. */
  async record(facts: Facts, session: Session | null): Promise<AuditRecord> {
    const record = this.#clean(this.#row(facts, session));
    try {
      await this.#storage.write(record, facts.evidence ?? undefined);
      this.#failure = null;
    } catch (error) {
      this.#failure = error;
      this.#onError(error, "storage");
    }
    return record;
  }

  /** Tells the hooks of a request that was refused. */
  async denied(error: GuardError, record: AuditRecord): Promise<void> {
    const { hooks } = this.#options;
    const isLimit = LIMIT_LAYERS.has(error.verdict?.layer ?? "") || error.code === "payment-too-large";
    if (isLimit) await this.#tell("onBudgetExceeded", () => hooks?.onBudgetExceeded?.(error, record));
    await this.#tell("onDenied", () => hooks?.onDenied?.(error, record));
  }

  async paid(record: AuditRecord): Promise<void> {
    await this.#tell("afterPayment", () => this.#options.hooks?.afterPayment?.(record));
  }

  async anomaly(verdict: Verdict): Promise<void> {
    if (verdict.layer === "anomaly") await this.#tell("onAnomaly", () => this.#options.hooks?.onAnomaly?.(verdict));
  }

  async #tell(where: string, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#onError(error, where);
    }
  }

  #row(facts: Facts, session: Session | null): AuditRecord {
    const { captured, payment, verdict, receipt, outcome } = facts;
    const { metadata = {}, team, humanSponsor } = this.#options;
    const now = this.#now();
    const spent = outcome === "not-executed" ? 0n : facts.micros;
    const error = facts.error;
    const attempted: Record<string, string> = outcome === "not-executed" && facts.micros > 0n ? { attempted_amount: dollars(facts.micros) } : {};
    const violation: Record<string, string> = outcome === "blocked" && verdict !== null ? violationOf(verdict) : {};
    // A question that nobody has answered yet.
    const isOpen = verdict?.decision === "escalate" && error instanceof GuardError && error.code === verdict.code;
    const endpoint = captured === null ? "" : endpointOf(captured.url, facts.canonical ?? spelling(captured.url));
    return {
      id: uuid(),
      agent_id: this.#agentId,
      team: team ?? null,
      human_sponsor: humanSponsor ?? null,
      amount: dollars(spent),
      amount_raw: payment?.amountRaw ?? "0",
      asset: payment?.asset ?? "",
      network: payment?.network ?? "",
      scheme: payment?.scheme ?? "",
      tx_hash: receipt?.success === true ? receipt.transaction : null,
      payer_address: payment?.payer ?? receipt?.payer ?? "",
      payee_address: payment?.payee ?? facts.payee ?? "",
      facilitator: null,
      endpoint,
      method: captured?.method ?? "",
      status_code: facts.status,
      response_time_ms: facts.sentAt === null ? 0 : Math.max(0, Math.round(now - facts.sentAt)),
      policy_id: typeof verdict?.["policyDigest"] === "string" ? verdict["policyDigest"] : null,
      policy_evaluation: outcome === "blocked" && !isOpen ? "blocked" : evaluation(verdict?.decision ?? "deny"),
      budget_remaining: session === null ? null : this.#remaining(session),
      task_id: metadata["task_id"] ?? metadata["taskId"] ?? null,
      session_id: metadata["session_id"] ?? metadata["sessionId"] ?? null,
      metadata: { ...metadata, ...attempted, ...violation },
      created_at: facts.startedAt,
      settled_at: facts.sentAt !== null && outcome !== "not-executed" ? now : null,
      tags: this.#tagger.tags(endpoint, [...labels(verdict), ...facts.tags]),
      decision: verdict?.decision ?? "deny",
      permitted: outcome !== "blocked",
      code: error instanceof GuardError ? error.code : (verdict?.code ?? ""),
      reason: error instanceof GuardError ? error.reason : outcome === "failed" ? `The request failed: ${String(error).slice(0, 256)}` : (verdict?.reason ?? ""),
      verdict_id: facts.verdictId,
      approval_id: facts.approvalId,
      approved_by: facts.approvedBy,
      approval_note: facts.approvalNote,
      outcome,
    };
  }

  #remaining(session: Session): string | null {
    try {
      return remaining(session);
    } catch (error) {
      this.#onError(error, "budgets");
      return null;
    }
  }

  /** Without secrets. What cannot be made so is left out, and the row stays. */
  #clean(row: AuditRecord): AuditRecord {
    try {
      return redacted(row, this.#fields, redact);
    } catch (error) {
      this.#onError(error, "redaction");
      return Object.freeze({ ...row, endpoint: "", reason: "", metadata: {}, tags: [], team: null, human_sponsor: null, task_id: null, session_id: null });
    }
  }
}

/** Labels that the policy gives. */
function labels(verdict: Verdict | null): string[] {
  const tags = verdict?.["tags"];
  return Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === "string") : [];
}

/** What x402 Sentinel says of a limit that was met. */
function violationOf(verdict: Verdict): Record<string, string> {
  const pattern = asObject(verdict["rule"])?.["pattern"];
  return { violation_type: verdict.code, ...(typeof pattern === "string" ? { violation_limit: pattern } : {}) };
}

/** The least that is left of budgets that never end. */
function remaining(session: Session): string | null {
  let least: number | null = null;
  for (const meter of session.meters) {
    const isTotal = meter.unit === "usd-micros" && asObject(meter.window)?.["kind"] === "lifetime" && meter.limit !== null;
    if (isTotal) least = Math.min(least ?? Infinity, Math.max(0, (meter.limit ?? 0) - meter.used - meter.held));
  }
  return least === null ? null : dollars(BigInt(least));
}

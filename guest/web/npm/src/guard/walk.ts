/**
 * The way of a request: taken, decided, sent, settled, recorded; and each place that it is led to, anew.
 */

import { Approvals, orAborted } from "./approvals.js";
import { AuditLog } from "./audit.js";
import { callOf, spelling, type Actor } from "./call.js";
import type { Policy, Session } from "./core.js";
import { DaemonDecider } from "./daemon.js";
import { GuardError, teller, type DenialContext, type Told } from "./error.js";
import { contextOf, factsOf, factsOfNothing, isPaid, questionOf, type End, type Hop, type Ruling } from "./hop.js";
import type { GuardOptions } from "./options.js";
import { carriesPayment, paymentOf, receiptOf, settlementOf } from "./payment.js";
import { Probe } from "./probe.js";
import type { AuditRecord, RecordOutcome } from "./record.js";
import { Recorder } from "./recorder.js";
import { follow, isRedirect, REDIRECTS_MAX } from "./redirect.js";
import { reportOf } from "./report.js";
import { capture, forwardUrl, toRequest, type Captured } from "./request.js";
import { decide, SessionKeeper } from "./session.js";

const BODY_BYTES = 4 << 20;
/** What a call can hold, as base64. */
const BODY_BYTES_MAX = 11 << 20;

/** Settles what was held for a request that went elsewhere. */
type Moved = (outcome: "executed" | "not-executed") => void;

/** Who governs, and how long people may take. */
export interface Source {
  readonly agentId: string;
  readonly policy: Policy;
  readonly session: Session | null;
  readonly waitMs: number;
}

export class Guard {
  readonly audit: AuditLog;
  readonly #fetch: typeof globalThis.fetch;
  readonly #options: GuardOptions;
  readonly #actor: Actor;
  readonly #policy: Policy;
  readonly #keeper: SessionKeeper;
  readonly #daemon: DaemonDecider | null;
  readonly #approvals: Approvals | null;
  readonly #probe: Probe;
  readonly #recorder: Recorder;
  readonly #now: () => number;
  readonly #onError: Told;
  /** Why nothing goes out any more. */
  #over: "payment-unseen" | "redirect-unseen" | "guard-closed" | "engine-fault" | null = null;

  constructor(fetch: typeof globalThis.fetch, source: Source, options: GuardOptions) {
    const { agentId, policy, session, waitMs } = source;
    this.#fetch = fetch;
    this.#options = options;
    this.#actor = { agentId, environment: options.environment };
    this.#now = options.now ?? Date.now;
    this.#onError = teller(options.onError);
    this.#policy = policy;
    this.#keeper = new SessionKeeper(policy, session, options);
    this.#daemon = options.daemon === undefined ? null : new DaemonDecider(agentId, options.daemon, waitMs, this.#onError);
    this.#approvals = options.approve === undefined ? null : new Approvals(options.approve, waitMs);
    this.#probe = new Probe(agentId, options.environment, policy.document);
    this.audit = new AuditLog(options.audit?.storage);
    this.#recorder = new Recorder(agentId, options, this.audit.storage, this.#now, this.#onError);
  }

  get session(): Session | null {
    return this.#keeper.session;
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    try {
      return await this.#follow(input, init);
    } catch (error) {
      if (error instanceof GuardError && this.#options.onDenied === "response") return error.toResponse();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#over ??= "guard-closed";
    try {
      await Promise.all([this.#keeper.saved(), this.#daemon?.flush()]);
    } finally {
      await this.audit.storage.destroy?.();
    }
  }

  get #context(): DenialContext {
    return { agentId: this.#actor.agentId };
  }

  /** A request and where it is led to. */
  async #follow(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { maxBodyBytes = BODY_BYTES, maxRedirects = REDIRECTS_MAX } = this.#options;
    const startedAt = this.#now();
    let captured: Captured;
    try {
      captured = await capture(input, init, Math.min(maxBodyBytes, BODY_BYTES_MAX), this.#context);
    } catch (error) {
      throw error instanceof GuardError ? await this.#refused(null, error, startedAt, null) : error;
    }
    let moved: Moved | null = null;
    for (let hops = 0; ; hops += 1) {
      const sent = await this.#send(captured, moved);
      ({ moved } = sent);
      if (!isRedirect(sent.response) || captured.redirect === "manual") {
        // What the runtime would say: that somebody was followed.
        return hops === 0 ? sent.response : Object.defineProperty(sent.response, "redirected", { value: true });
      }
      void sent.response.body?.cancel().catch(() => undefined);
      try {
        if (captured.redirect === "error") throw new TypeError("the request was redirected, and must not be");
        if (hops >= Math.min(maxRedirects, REDIRECTS_MAX)) throw GuardError.fault("redirect-limit", this.#context);
        const next = follow(captured, sent.response, this.#context);
        if (moved !== null && !carriesPayment(next)) {
          // The payment stays behind, where somebody may still use it.
          moved("executed");
          moved = null;
        }
        captured = next;
      } catch (error) {
        moved?.("executed");
        throw error instanceof GuardError ? await this.#refused(null, error, this.#now(), captured) : error;
      }
    }
  }

  /** One request: decided, sent, settled, recorded. */
  async #send(captured: Captured, moved: Moved | null): Promise<{ response: Response; moved: Moved | null }> {
    const startedAt = this.#now();
    let hop: Hop | null = null;
    let ruling: Ruling;
    try {
      this.#check();
      const session = this.#daemon === null ? await this.#keeper.ready(this.#context) : null;
      hop = await this.#opened(captured, startedAt);
      ruling = hop.ruling = await this.#decided(hop, session);
      if (!ruling.verdict.permitted) {
        const { verdict, verdictId, approvalId } = ruling;
        throw GuardError.denied(verdict, { ...this.#context, verdictId, approvalId });
      }
    } catch (error) {
      moved?.("executed");
      throw error instanceof GuardError ? await this.#refused(hop, error, startedAt, captured) : error;
    }
    let url: URL;
    try {
      url = await this.#prepared(hop, ruling);
    } catch (error) {
      moved?.("executed");
      throw error;
    }
    return this.#forward(hop, ruling, url, moved);
  }

  #check(): void {
    if (this.#over !== null) throw GuardError.fault(this.#over, this.#context);
    this.#recorder.check();
  }

  async #opened(captured: Captured, startedAt: number): Promise<Hop> {
    const canonical = this.#probe.canonical(captured.url.protocol.slice(0, -1), spelling(captured.url));
    const resolved = await this.#addresses(captured);
    const sent = callOf(this.#actor, captured, canonical ?? spelling(captured.url), resolved);
    const paying = carriesPayment(captured);
    const payment = paying ? paymentOf(captured) : null;
    const worth = paying ? this.#probe.worth(sent) : null;
    // What the policy does not deny by itself goes on without signatures: an answer about a payment holds for
    // the same payment signed anew.
    const told = this.#policy.told(sent);
    return { captured, canonical, paying, payment, worth, startedAt, resolved, call: told ?? sent, told, ruling: null, sentAt: null };
  }

  async #addresses(captured: Captured): Promise<readonly string[] | null> {
    const { resolve } = this.#options;
    if (resolve === undefined) return null;
    try {
      const found: unknown = await resolve(captured.url.hostname);
      if (!Array.isArray(found) || found.length === 0) throw new TypeError("`resolve` found no address");
      return found.map(String);
    } catch (cause) {
      throw GuardError.fault("resolve-failed", { ...this.#context, cause });
    }
  }

  /** The decision. In a session it is one synchronous step: nobody reads a meter between reading it and holding the money. */
  async #decided(hop: Hop, session: Session | null): Promise<Ruling> {
    const { signal } = hop.captured;
    const { runId } = this.#options;
    let ruling: Ruling;
    try {
      if (session !== null) {
        const run = { now: this.#options.now, runId };
        const ask = (step: Parameters<typeof questionOf>[1]) => questionOf(hop, step, this.#actor.agentId);
        const { step, ...approval } = await decide(session, hop.call, run, this.#approvals, ask, signal, this.#context);
        ruling = { ...step, ...approval };
      } else {
        const found = await this.#daemon?.decide(hop.call, signal);
        if (found === undefined) throw GuardError.fault("daemon-unreachable", this.#context);
        ruling = { ...found, approvedBy: null, approvalNote: null, charges: [] };
      }
    } catch (cause) {
      if (cause instanceof GuardError || signal.aborted) throw cause;
      this.#over = "engine-fault";
      throw GuardError.fault("engine-fault", { ...this.#context, cause });
    }
    await this.#recorder.anomaly(ruling.verdict);
    return ruling;
  }

  /** Where it goes, and the last things that can refuse it, now that money is held. */
  async #prepared(hop: Hop, ruling: Ruling): Promise<URL> {
    try {
      const url = hop.canonical === null ? hop.captured.url : forwardUrl(hop.captured, hop.canonical);
      if (url === null) throw GuardError.fault("forward-differs", this.#context);
      if (isPaid(hop, ruling)) await this.#beforePayment(hop, ruling);
      await this.#keeper.saved().catch((cause: unknown) => {
        throw GuardError.fault("session-not-saved", { ...this.#context, cause });
      });
      // Others may have found something out meanwhile.
      this.#check();
      hop.captured.signal.throwIfAborted();
      return url;
    } catch (error) {
      this.#settle(hop, ruling, "not-executed");
      if (error instanceof GuardError) throw await this.#refused(hop, error, hop.startedAt, hop.captured);
      await this.#record(hop, { outcome: "not-executed", error, tags: ["aborted"] });
      throw error;
    }
  }

  async #beforePayment(hop: Hop, ruling: Ruling): Promise<void> {
    const hook = this.#options.hooks?.beforePayment;
    if (hook === undefined) return;
    const { verdict, verdictId } = ruling;
    try {
      const asked = Promise.resolve(hook(contextOf(hop, ruling, this.#actor.agentId)));
      if ((await orAborted(asked, hop.captured.signal)) !== false) return;
    } catch (cause) {
      hop.captured.signal.throwIfAborted();
      throw GuardError.fault("hook-refused", { ...this.#context, cause, verdict, verdictId });
    }
    throw GuardError.fault("hook-refused", { ...this.#context, verdict, verdictId });
  }

  async #forward(hop: Hop, ruling: Ruling, url: URL, moved: Moved | null): Promise<{ response: Response; moved: Moved | null }> {
    const { captured } = hop;
    const fetch = this.#fetch;
    let response: Response;
    try {
      const request = toRequest(captured, url);
      const extra = hop.resolved === null ? undefined : this.#options.pin?.(captured.url.hostname, hop.resolved);
      hop.sentAt = this.#now();
      // The same payment goes on with this request, which holds the money now.
      moved?.("not-executed");
      response = await fetch(request, extra);
    } catch (error) {
      // The payment left with the request before this one all the same.
      if (hop.sentAt === null) moved?.("executed");
      // Once it left, nobody knows whether it arrived: what was to be paid counts as spent.
      const outcome = hop.sentAt === null ? "not-executed" : "failed";
      const tags = ["error", captured.signal.aborted ? "aborted" : "network_failure"];
      const record = await this.#record(hop, { outcome, error, tags });
      this.#settle(hop, ruling, outcome, record);
      if (isPaid(hop, ruling)) await this.#recorder.paid(record);
      throw error;
    }
    const unseen = this.#unseen(hop, ruling, response);
    if (unseen !== null) throw await this.#beside(hop, ruling, response, unseen);
    return this.#answered(hop, ruling, response);
  }

  /** What the answer shows to have happened without a decision: whoever did it goes on doing it. */
  #unseen(hop: Hop, ruling: Ruling, response: Response): "payment-unseen" | "redirect-unseen" | null {
    // It was told to follow nobody.
    if (response.redirected) return "redirect-unseen";
    const receipt = isPaid(hop, ruling) ? null : receiptOf(response);
    return receipt === null || receipt.success === false ? null : "payment-unseen";
  }

  /** Nothing leaves any more, and what left counts as spent. */
  async #beside(hop: Hop, ruling: Ruling, response: Response, code: "payment-unseen" | "redirect-unseen"): Promise<GuardError> {
    this.#over = code;
    void response.body?.cancel().catch(() => undefined);
    const { verdict, verdictId } = ruling;
    const error = GuardError.fault(code, { ...this.#context, verdict, verdictId });
    const record = await this.#record(hop, { outcome: "executed", response, error, tags: [code] });
    this.#settle(hop, ruling, "executed", record);
    await this.#recorder.denied(error, record);
    if (isPaid(hop, ruling)) await this.#recorder.paid(record);
    return error;
  }

  async #answered(hop: Hop, ruling: Ruling, response: Response): Promise<{ response: Response; moved: Moved | null }> {
    const isMoving = hop.paying && hop.captured.redirect === "follow" && isRedirect(response) && receiptOf(response) === null;
    if (isMoving) {
      await this.#record(hop, { outcome: "not-executed", response, tags: ["payment-moved"] });
      return { response, moved: (outcome) => this.#settle(hop, ruling, outcome) };
    }
    const settlement = hop.paying ? settlementOf(response) : "settled";
    const outcome = settlement === "unsettled" && this.#options.unsettled === "void" ? "not-executed" : "executed";
    const tags = settlement === "unknown" ? ["settlement-unknown"] : settlement === "unsettled" ? ["not-settled"] : [];
    // Before anything is awaited: money that is free again is there for the next request.
    if (this.#daemon === null) this.#settle(hop, ruling, outcome);
    const record = await this.#record(hop, { outcome, response, tags });
    if (this.#daemon !== null) this.#settle(hop, ruling, outcome, record);
    if (isPaid(hop, ruling)) await this.#recorder.paid(record);
    return { response, moved: null };
  }

  /** What was held is spent, or free again. */
  #settle(hop: Hop, ruling: Ruling, outcome: Exclude<RecordOutcome, "blocked">, record?: AuditRecord): void {
    const { verdictId, verdict } = ruling;
    if (this.#daemon !== null) {
      const durationMs = hop.sentAt === null ? 0 : Math.max(0, Math.round(this.#now() - hop.sentAt));
      const bare = { ...this.#context, toolName: verdict.toolName, verdictId, outcome, durationMs, toolOutput: {} };
      this.#daemon.report(record === undefined ? bare : reportOf(record, verdictId, verdict.toolName, outcome));
      return;
    }
    try {
      this.session?.settle(verdictId, outcome);
    } catch (error) {
      this.#onError(error, "settle");
    }
    void this.#keeper.saved().catch((error: unknown) => this.#onError(error, "persist"));
  }

  /** Records a request that was refused, tells the hooks, and gives the error back. */
  async #refused(hop: Hop | null, error: GuardError, startedAt: number, captured: Captured | null): Promise<GuardError> {
    const facts = hop === null ? factsOfNothing(captured, startedAt, error) : factsOf(hop, { outcome: "blocked", error }, this.#actor);
    await this.#recorder.denied(error, await this.#recorder.record(facts, hop?.paying === true ? this.session : null));
    return error;
  }

  #record(hop: Hop, end: End): Promise<AuditRecord> {
    return this.#recorder.record(factsOf(hop, end, this.#actor), hop.paying ? this.session : null);
  }
}

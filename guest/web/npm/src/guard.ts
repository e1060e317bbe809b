/**
 * guardFetch: a `fetch` that decides each request before it leaves, and what may be paid with it.
 *
 * It belongs *inside* of a paying fetch, `wrapFetchWithPayment(guardFetch(fetch, policy), signer)`: only there
 * are payments seen before they are made. The engine decides; the files here only walk the steps:
 *
 * ```text
 * request ─ capture ─▶ call ─ Session.step ─▶ not permitted ─▶ GuardError
 *              ▲                    │ permitted: money is held
 *              │                    ▼
 *              └── redirect ◀── the inner fetch ─▶ settle ─▶ record ─▶ response
 * ```
 */

import type { AuditLog } from "./guard/audit.js";
import { type Policy, Session } from "./guard/core.js";
import type { GuardOptions } from "./guard/options.js";
import { Guard } from "./guard/walk.js";

export * from "./guard/public.js";

/** How long people may take, if nobody says it. */
const APPROVE_MS = 900_000;

/** A fetch that is governed. */
export interface GuardedFetch {
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Where budgets stand; null while it is restored, and where a daemon decides. */
  readonly session: Session | null;
  readonly audit: AuditLog;
  /** Lets nothing more through, and writes what is left. */
  close(): Promise<void>;
}

/** Governs a fetch by a policy, or by a session that others use too. */
export function guardFetch(fetch: typeof globalThis.fetch, source: Policy | Session, options: GuardOptions = {}): GuardedFetch {
  const session = source instanceof Session ? source : null;
  const policy = source instanceof Session ? source.policy : source;
  const { agentId = policy.agentId } = options;
  if (agentId !== policy.agentId) throw new TypeError(`the policy is for \`${policy.agentId}\`, not for \`${agentId}\``);
  if (options.daemon !== undefined && (options.approve !== undefined || options.persist !== undefined)) {
    throw new TypeError("with `daemon`, people answer there and budgets are kept there: leave `approve` and `persist` out");
  }
  const about = described(policy);
  refuseModelRules(about);
  const seconds = about.approvals?.expiresSeconds;
  const waitMs = options.approveTimeoutMs ?? (seconds === undefined ? APPROVE_MS : seconds * 1000);
  const guard = new Guard(fetch, { agentId, policy, session, waitMs }, options);
  const guarded = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => guard.fetch(input, init);
  return Object.defineProperties(guarded, {
    session: { get: () => guard.session, enumerable: true },
    audit: { value: guard.audit, enumerable: true },
    close: { value: () => guard.close(), enumerable: true },
  }) as GuardedFetch;
}

interface Described {
  approvals: { expiresSeconds: number } | null;
  network: { rules: { llm: boolean; hosts: string[] }[] } | null;
}

/** What the engine says that the policy is about. */
function described(policy: Policy): Described {
  return policy.describe() as unknown as Described;
}

/** Answers of models would have to be read, and nobody does that here: the rule would be without effect. */
function refuseModelRules(own: Described): void {
  const rule = own.network?.rules.find((rule) => rule.llm);
  if (rule === undefined) return;
  throw new TypeError(`the policy has \`llm: true\` for \`${rule.hosts.join(", ")}\`, and guardFetch does not read the answers of models: govern them with the Envoy filter, or take the rule out`);
}

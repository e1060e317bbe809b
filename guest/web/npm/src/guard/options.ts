/** What guardFetch can be told. No code. */

import type { ApproveHandler } from "./approvals.js";
import type { Mode, Verdict } from "./core.js";
import type { DaemonOptions } from "./daemon.js";
import type { GuardError, Told } from "./error.js";
import type { AuditOptions, AuditRecord } from "./record.js";

/** Where the state of a session is kept, so that budgets survive a restart. */
export interface SessionStore {
  /** What was saved last; null only where nothing ever was. */
  load(): string | null | Promise<string | null>;
  /** Called before anything leaves that costs, and after it. Where it fails, nothing leaves. */
  save(text: string): void | Promise<void>;
}

/** A request that is about to pay. */
export interface PaymentContext {
  readonly agentId: string;
  readonly method: string;
  readonly endpoint: string;
  /** Dollars, `"0.500000"`. */
  readonly amount: string;
  readonly payee: string | null;
  readonly network: string | null;
  readonly asset: string | null;
  readonly verdict: Verdict;
}

/** Code that is told, and can make things stricter. Nothing that it does permits anything. */
export interface GuardHooks {
  /** Before a payment leaves. `false`, or an error, refuses it, and nothing is spent. */
  beforePayment?: (payment: PaymentContext) => void | boolean | Promise<void | boolean>;
  /** After a payment, whatever became of it. */
  afterPayment?: (record: AuditRecord) => void | Promise<void>;
  /** A limit of money, of calls or of points was met. */
  onBudgetExceeded?: (error: GuardError, record: AuditRecord) => void | Promise<void>;
  /** Whatever was not permitted. */
  onDenied?: (error: GuardError, record: AuditRecord) => void | Promise<void>;
  /** The call is unusual. */
  onAnomaly?: (verdict: Verdict) => void | Promise<void>;
}

export interface GuardOptions {
  /** Whose requests these are: the policy's agent, and no other. */
  agentId?: string;
  environment?: string;
  /** The stricter of it and the policy's own counts. */
  mode?: Mode;
  runId?: string;
  /** Longest body that is looked at: 4 MiB if nothing is said, 11 MiB at most. A longer one is denied. */
  maxBodyBytes?: number;
  /** Hops that are followed, 20 at most. */
  maxRedirects?: number;
  /** What a name leads to. With `blockPrivateIps`, a name without it is denied. */
  resolve?: (host: string) => Promise<readonly string[]>;
  /** More for the inner fetch, such as a dispatcher that connects to these addresses and no others. */
  pin?: (host: string, addresses: readonly string[]) => object;
  /** What a denied request gets: an error that is thrown, or a response with status 403. */
  onDenied?: "throw" | "response";
  /** Asks a person. Without it, requests that need one are denied with the id of the question. */
  approve?: ApproveHandler;
  /** How long a person may take: what the policy says, or 900 seconds. */
  approveTimeoutMs?: number;
  /** What becomes of money that the server says it did not settle: it counts as spent, unless this is `void`. */
  unsettled?: "void" | "spent";
  hooks?: GuardHooks;
  audit?: AuditOptions;
  team?: string;
  humanSponsor?: string;
  metadata?: Record<string, string>;
  persist?: SessionStore;
  /** Lets a daemon decide, so that several processes share budgets. */
  daemon?: DaemonOptions;
  /** Told of what goes wrong beside the requests, such as records that cannot be written. */
  onError?: Told;
  /** Milliseconds since 1970. */
  now?: () => number;
}

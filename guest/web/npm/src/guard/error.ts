/**
 * Why a request did not leave, as an error and as a response.
 *
 * Nothing is decided here: a verdict is put into words, with what to do about it.
 */

import type { Verdict } from "./core.js";

/** What guardFetch itself refuses, beside the policy. */
export type FaultCode =
  | "request-malformed"
  | "body-too-large"
  | "body-unreadable"
  | "redirect-malformed"
  | "redirect-limit"
  | "redirect-hidden"
  | "redirect-unseen"
  | "forward-differs"
  | "resolve-failed"
  | "approval-denied"
  | "approval-expired"
  | "approval-failed"
  | "approval-too-many"
  | "hook-refused"
  | "payment-unseen"
  | "records-full"
  | "session-damaged"
  | "session-not-saved"
  | "clock-behind"
  | "daemon-unreachable"
  | "daemon-timeout"
  | "daemon-refused"
  | "engine-fault"
  | "guard-closed";

interface Fault {
  status: number;
  sentence: string;
  help: string;
}

const FAULTS: Record<FaultCode, Fault> = {
  "request-malformed": { status: 400, sentence: "This is no request that can be sent.", help: "give an absolute http or https URL without user information, and headers without control characters" },
  "body-too-large": { status: 413, sentence: "The body is larger than what is looked at.", help: "send less, or raise `maxBodyBytes`" },
  "body-unreadable": { status: 400, sentence: "The body could not be read to its end.", help: "give the body as a string or bytes" },
  "redirect-malformed": { status: 502, sentence: "The server redirects to something that is no http or https URL.", help: "ask for the final URL yourself" },
  "redirect-limit": { status: 502, sentence: "The server redirects too often.", help: "ask for the final URL yourself" },
  "redirect-hidden": { status: 502, sentence: "This browser does not show where the server redirects to, so it is not followed.", help: "ask for the final URL yourself" },
  "redirect-unseen": { status: 502, sentence: "The inner fetch followed a redirect by itself, and nobody decided where it went.", help: "hand its `Request` on as it is, with `redirect: \"manual\"`; nothing goes out until then" },
  "forward-differs": { status: 400, sentence: "The request would not be sent as it was decided.", help: "write the URL plainly" },
  "resolve-failed": { status: 503, sentence: "The addresses of the host could not be found.", help: "look after the `resolve` function" },
  "approval-denied": { status: 403, sentence: "A person was asked, and said no.", help: "do something else; asking again gives the same answer" },
  "approval-expired": { status: 403, sentence: "A person was asked, and nobody answered in time.", help: "ask again when somebody is there" },
  "approval-failed": { status: 503, sentence: "A person could not be asked.", help: "look after the `approve` function" },
  "approval-too-many": { status: 403, sentence: "Too many questions were asked about this request.", help: "ask for less at a time" },
  "hook-refused": { status: 403, sentence: "The hook `beforePayment` refused.", help: "look at what the hook says" },
  "payment-unseen": { status: 403, sentence: "A payment was made that was never decided: guardFetch stands around the paying fetch.", help: "put it inside: wrapFetchWithPayment(guardFetch(fetch, policy), signer); nothing goes out until then" },
  "records-full": { status: 503, sentence: "The request has to be recorded, and the storage takes no records.", help: "look after the storage" },
  "session-damaged": { status: 503, sentence: "The saved session cannot be restored, so nobody knows what was spent.", help: "restore it from a copy, or start anew knowingly by removing it" },
  "session-not-saved": { status: 503, sentence: "What is spent cannot be saved.", help: "look after the `persist` store" },
  "clock-behind": { status: 503, sentence: "The clock is more than a day behind what this session was told before, so nobody knows which budgets are renewed.", help: "put the clock right; if it was wrong before, restore the session from a copy, or start anew knowingly" },
  "daemon-unreachable": { status: 503, sentence: "The daemon that decides cannot be reached.", help: "start it, or correct `daemon.url`" },
  "daemon-timeout": { status: 503, sentence: "The daemon that decides did not answer in time.", help: "look after it, or raise `daemon.timeoutMs`" },
  "daemon-refused": { status: 503, sentence: "The daemon did not answer with a verdict.", help: "check `daemon.token` and the agent's name" },
  "engine-fault": { status: 503, sentence: "The engine failed.", help: "please report it, with the policy" },
  "guard-closed": { status: 503, sentence: "This guardFetch was closed.", help: "make another one" },
};

/** What to do about verdicts, where the reason does not say it already. */
const HELP: readonly (readonly [string, string])[] = [
  ["host-", "add the host to `network.allowHosts`, or ask another one"],
  ["network-absent", "give the policy a `network` section"],
  ["address", "name the address in a rule of `network`, if the agent should reach it"],
  ["method-", "add the method to `network.methods`"],
  ["path-", "ask for another path, or change `allowPaths` and `denyPaths`"],
  ["body-too-large", "send less, or raise `network.maxBodyBytes`"],
  ["payment-not-allowed", "give the host `x402` with `maxPerPayment`"],
  ["payment-too-large", "buy something cheaper, or raise `x402.maxPerPayment`"],
  ["payee-", "pay somebody else, or change `x402.payees`"],
  ["asset-", "pay with USDC, or name the asset in `x402.assets`"],
  ["payment-", "send one payment of the scheme `exact`, signed as EIP-3009"],
  ["budget-", "wait for the next hour or day, or raise the budget"],
  ["rate-limited", "wait"],
  ["denials-limited", "wait, and ask for less"],
  ["spend-spike", "look at the price"],
  ["anomaly-", "look at the call, or let a person do it"],
  ["risk-", "wait, or raise `riskBudget`"],
  ["cost-missing", "leave `tools` out of budgets that unpaid requests may pass"],
  ["mcp-", "look at what the MCP client sends"],
  ["header-", "send the request without that header"],
  ["environment-scope", "set `environment`, or widen `identity.environmentScope`"],
  ["agent-mismatch", "use the agent's own policy"],
  ["approval-", "do something else: the answer holds until its question would have ended"],
];

/** What the denial is about, where no verdict says it. */
export interface DenialContext {
  agentId: string;
  verdictId?: string | null;
  approvalId?: string | null;
  verdict?: Verdict | null;
  cause?: unknown;
  detail?: string;
}

/** A request that was not permitted. Nothing of it left. */
export class GuardError extends Error {
  override readonly name = "GuardError";
  /** Always false: for whoever looks at nothing else. */
  readonly permitted = false as const;
  /** Stable, kebab-case: of the verdict, or of guardFetch itself. */
  readonly code: string;
  readonly reason: string;
  /** What to do. */
  readonly help: string;
  readonly status: number;
  readonly verdict: Verdict | null;
  readonly verdictId: string | null;
  /** The question that a person could answer, if there is one. */
  readonly approvalId: string | null;
  readonly agentId: string;

  private constructor(code: string, reason: string, help: string, status: number, context: DenialContext) {
    super(`${reason} [${code}]${help === "" ? "" : `: ${help}`}`, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.reason = reason;
    this.help = help;
    this.status = status;
    this.verdict = context.verdict ?? null;
    this.verdictId = context.verdictId ?? null;
    this.approvalId = context.approvalId ?? null;
    this.agentId = context.agentId;
  }

  /** Of guardFetch itself. */
  static fault(code: FaultCode, context: DenialContext): GuardError {
    const { status, sentence, help } = FAULTS[code];
    const reason = context.detail === undefined ? sentence : `${sentence.slice(0, -1)}: ${context.detail}.`;
    return new GuardError(code, reason, help, status, context);
  }

  /** Of a verdict that permits nothing. */
  static denied(verdict: Verdict, context: DenialContext): GuardError {
    const asks = verdict.decision === "escalate" && context.approvalId != null;
    const known = HELP.find(([start]) => verdict.code.startsWith(start))?.[1] ?? "see the reason codes of the policy reference";
    const help = asks ? `let a person answer ${context.approvalId ?? ""}, and send the same request again` : known;
    const status = verdict.code === "body-too-large" ? 413 : 403;
    return new GuardError(verdict.code, verdict.reason, help, status, { ...context, verdict });
  }

  /** The same as an answer, in the words of the Envoy filter. */
  toResponse(): Response {
    const { verdict, code } = this;
    const isEgress = ["host-", "address-", "addresses-"].some((start) => code.startsWith(start));
    const body = {
      error: isEgress ? "egress_denied" : "blocked_by_soe",
      decision: verdict?.decision === "escalate" ? "escalate" : "deny",
      reason: this.reason,
      code,
      layer: verdict?.layer ?? "engine",
      verdictId: this.verdictId,
      agentId: this.agentId,
      policyDigest: verdict?.["policyDigest"] ?? null,
      ...(this.approvalId === null ? {} : { approval: { id: this.approvalId, status: "pending" } }),
    };
    const headers = { "content-type": "application/json", "x-soe-decision": body.decision, "x-soe-code": code };
    return new Response(JSON.stringify(body), { status: this.status, headers });
  }
}

/** Somebody who is told of what goes wrong beside the requests. */
export type Told = (error: unknown, where: string) => void;

/** The one who is told: the program, or the console. That they fail themselves changes nothing. */
export function teller(onError: Told | undefined): Told {
  return (error, where) => {
    try {
      if (onError === undefined) console.warn(`sentinel: ${where}: ${String(error)}`);
      else onError(error, where);
    } catch {
      // There is nobody left to tell.
    }
  };
}

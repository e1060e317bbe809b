/**
 * What is recorded of a request: the row of x402 Sentinel, with its names, and what it came to here.
 *
 * A row is made once, after redaction; what storages, hooks and exports see is the same row.
 */

import type { Json, Verdict } from "./core.js";

export type Evaluation = "allowed" | "flagged" | "blocked";

/** What became of a request. */
export type RecordOutcome = "executed" | "failed" | "not-executed" | "blocked";

export interface AuditRecord {
  /** A random UUID. */
  readonly id: string;
  readonly agent_id: string;
  readonly team: string | null;
  readonly human_sponsor: string | null;
  /** Dollars with six decimals: what was spent, or would have been by a request that was blocked. */
  readonly amount: string;
  /** The same in the token's own units. */
  readonly amount_raw: string;
  readonly asset: string;
  readonly network: string;
  readonly scheme: string;
  readonly tx_hash: string | null;
  readonly payer_address: string;
  readonly payee_address: string;
  readonly facilitator: string | null;
  /** Without query. */
  readonly endpoint: string;
  readonly method: string;
  /** 0 where there was no answer. */
  readonly status_code: number;
  readonly response_time_ms: number;
  readonly policy_id: string | null;
  readonly policy_evaluation: Evaluation;
  readonly budget_remaining: string | null;
  readonly task_id: string | null;
  readonly session_id: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly settled_at: number | null;
  readonly tags: readonly string[];
  readonly decision: "allow" | "escalate" | "deny";
  readonly permitted: boolean;
  readonly code: string;
  readonly reason: string;
  readonly verdict_id: string | null;
  readonly approval_id: string | null;
  readonly approved_by: string | null;
  readonly approval_note: string | null;
  readonly outcome: RecordOutcome;
}

/**
 * What a daemon needs to decide and record the same call: all of the request, with its query, headers and body.
 * Values of headers that say who asks or that pay are left out; the rest the daemon redacts, and not we.
 */
export interface Evidence {
  readonly call: string;
  /** The same with a note in place of the body: for whoever does not take the whole one. Absent where there is none. */
  readonly short?: string;
  readonly toolName: string;
  readonly decision: "allow" | "escalate" | "deny";
  readonly code: string;
  readonly policyDigest: string;
}

/** Where records go. */
export interface AuditStorage {
  /** Takes a record, in the order of the calls. Rejects where it cannot. */
  write(record: AuditRecord, evidence?: Evidence): Promise<void>;
  /** Throws where no more records can be taken: nothing goes out then, if records are required. */
  check?(): void;
  query?(query?: AuditQuery): Promise<AuditRecord[]>;
  flush?(): Promise<void>;
  /** Writes what is left, and ends. */
  destroy?(): Promise<void>;
}

export interface AuditQuery {
  agentId?: string;
  team?: string;
  /** A part of it. */
  endpoint?: string;
  minAmount?: string;
  maxAmount?: string;
  /** Milliseconds since 1970; the end is left out. */
  startTime?: number;
  endTime?: number;
  status?: Evaluation[];
  /** One of them suffices. */
  tags?: string[];
  limit?: number;
  offset?: number;
  orderBy?: "created_at" | "amount" | "endpoint";
  order?: "asc" | "desc";
}

/** Labels by the endpoint. A text is a glob over all of it (`*`, `?`), or, without these, a part of it. */
export interface TagRule {
  pattern: string | RegExp;
  tags: string[];
}

export interface AuditOptions {
  storage?: AuditStorage;
  /** Nothing goes out where it cannot be recorded. */
  required?: boolean;
  enrichment?: { staticTags?: string[]; tagRules?: TagRule[] };
  /** Names whose values are hidden wherever they stand, beside those that are hidden anyway. */
  redactFields?: string[];
}

/** Longest endpoint that expressions are tried on. */
const TAGGED_CHARS_MAX = 2_048;

/** Labels of an endpoint: fixed ones, then those of each rule that matches, each once. */
export class Tagger {
  readonly #fixed: readonly string[];
  readonly #rules: readonly { matches: (text: string) => boolean; tags: readonly string[] }[];

  constructor(options: AuditOptions["enrichment"]) {
    this.#fixed = [...(options?.staticTags ?? [])];
    this.#rules = (options?.tagRules ?? []).map(({ pattern, tags }) => ({ matches: matcher(pattern), tags: [...tags] }));
  }

  tags(endpoint: string, more: readonly string[]): string[] {
    const text = endpoint.slice(0, TAGGED_CHARS_MAX);
    const found = this.#rules.filter((rule) => rule.matches(text)).flatMap((rule) => rule.tags);
    return [...new Set([...this.#fixed, ...found, ...more])];
  }
}

function matcher(pattern: string | RegExp): (text: string) => boolean {
  if (typeof pattern !== "string") {
    // With `g` or `y` an expression remembers where it was.
    const own = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
    return (text) => own.test(text);
  }
  if (pattern === "" || /\.\*|\.\+|[\\^$|()[\]{}]/.test(pattern)) {
    throw new TypeError(`tag pattern \`${pattern}\` is neither a glob nor a plain text: write \`*openai*\`, or give a RegExp`);
  }
  if (!/[*?]/.test(pattern)) return (text) => text.includes(pattern);
  return (text) => globMatches(pattern, text);
}

/** Whether a glob matches the whole text. The last star is the only place to return to: at worst the product of both lengths. */
export function globMatches(glob: string, text: string): boolean {
  let [at, from, star, kept] = [0, 0, -1, 0];
  while (at < text.length) {
    if (from < glob.length && glob[from] === "*") {
      [star, kept] = [from, at];
      from += 1;
    } else if (from < glob.length && (glob[from] === "?" || glob[from] === text[at])) {
      [at, from] = [at + 1, from + 1];
    } else if (star >= 0) {
      kept += 1;
      [at, from] = [kept, star + 1];
    } else {
      return false;
    }
  }
  while (glob[from] === "*") from += 1;
  return from === glob.length;
}

/** How a decision is called in a record. */
export function evaluation(decision: Verdict["decision"]): Evaluation {
  return decision === "allow" ? "allowed" : decision === "escalate" ? "flagged" : "blocked";
}

/** Fields that are ours or of the protocol: never a secret, and no text of anybody. */
const OURS = ["id", "amount", "amount_raw", "tx_hash", "payer_address", "payee_address", "status_code", "response_time_ms", "policy_id", "policy_evaluation", "budget_remaining", "created_at", "settled_at", "decision", "permitted", "code", "verdict_id", "approval_id", "outcome"] as const;

/** The record without secrets. `redact` is the ledger's. */
export function redacted(record: AuditRecord, fields: readonly string[], redact: (json: Json, fields?: string[]) => Json): AuditRecord {
  const clean = redact(record as unknown as Json, [...fields]) as unknown as AuditRecord;
  const wanted = new Set(fields.map(plain));
  // A hash of a transaction looks like a key. Whoever names the field means it all the same.
  const kept = OURS.filter((name) => !wanted.has(plain(name))).map((name) => [name, record[name]]);
  // Elsewhere a session id lets its owner in; here it is a name, unless it looks like more.
  const session = record.session_id === null || wanted.has("sessionid") ? {} : { session_id: redact(record.session_id) as string };
  return Object.freeze({ ...clean, ...session, ...Object.fromEntries(kept) });
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_. :]/g, "");
}

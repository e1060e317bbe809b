/**
 * What the daemon sends, as far as the pages use it; `GET /openapi.json` is the whole of it. Texts in here were
 * written by agents: they are shown through `<Text>`, never any other way.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Decision = "allow" | "deny" | "escalate";
export type Mode = "enforce" | "audit" | "shadow" | "dry-run";
export type Role = "evaluate" | "approve" | "audit" | "admin";

export interface SignedIn {
  authentication?: "disabled";
  subject: string;
  roles: Role[];
  /** `*` is all of them. */
  agents: string[];
  expiresAt: string | null;
}

export interface Health {
  status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  version: string;
  ledgerSize: number;
  storage: string;
  environment: string;
  mode: string;
}

export interface RiskState {
  riskUsed: number;
  riskMax: number | null;
  status: string;
}

export interface Agent {
  agentId: string;
  role: string | null;
  authority: string | null;
  environments: string[] | null;
  /** What its policy says. */
  mode: Mode | null;
  /** What holds: the stricter of that and the daemon's own. */
  effectiveMode?: Mode | null;
  version: string | null;
  revision: number | null;
  digest: string | null;
  totalCalls: number;
  deniedCalls: number;
  escalatedCalls: number;
  lastCallAt: string | null;
  riskState: RiskState;
  anomalyScore?: number | null;
}

/** An entry of the ledger with its index. Kinds differ in what else they have. */
export interface Entry {
  index: number;
  kind: string;
  id: string;
  at: string;
  [field: string]: Json | undefined;
}

export interface Activity {
  at: string;
  allow: number;
  deny: number;
  escalate: number;
  p50Micros: number | null;
  p99Micros: number | null;
}

export interface Dashboard {
  timestamp: string;
  totals: {
    agents: number;
    calls: number;
    allowed: number;
    denied: number;
    escalated: number;
    protectedUsd: string;
  };
  agents: Agent[];
  recentEvents: Entry[];
  activity?: Activity[];
}

export interface Risk extends RiskState {
  agentId: string;
  totalCalls: number;
  deniedCalls: number;
  sessionId: string | null;
}

export interface Budget {
  meter: string;
  unit: "points" | "usd" | "tokens" | "calls";
  scope: string;
  by: string;
  key: string | null;
  sessionId: string | null;
  runId: string | null;
  window: { kind: "lifetime" | "fixed" | "sliding"; seconds?: number };
  limit: number | string | null;
  used: number | string;
  held: number | string;
  remaining: number | string | null;
}

export interface Sum {
  count: number;
  errors: number;
  errorRate?: string;
  costUsd: string;
  tokens: number;
  durationMs: number;
  averageMs?: number;
}

export interface Statistics {
  agentId: string;
  total: Sum;
  tools: (Sum & { toolName: string })[];
  protected: { valueUsd: string; calls: number };
}

export interface PolicyDocument {
  agentId: string;
  version: string;
  revision: number;
  digest: string;
  deployedBy: string;
  deployedAt: string;
  state: "active" | "removed";
  format: "json" | "yaml";
  document: string;
  description: { [key: string]: Json };
}

export interface Revision {
  agentId: string;
  version: string;
  revision: number;
  digest: string;
  deployedBy: string;
  deployedAt: string;
  state: "active" | "removed";
}

export type ApprovalStatus = "pending" | "approved" | "denied" | "used" | "expired" | "cancelled";

export interface ApprovalMeter {
  meter: string;
  unit: string;
  used: string;
  amount: string;
  limit?: string;
  left?: string;
}

/** One of the reasons for which a person is asked. A yes is for all of them. */
export interface ApprovalReason {
  message: string;
  code: string;
  layer: string;
  /** The line of the policy, where one decided. */
  rule?: { pattern: string; pointer: string } | null;
  /** The part of the command, escaped; bytes in it, equal where it does not stand there literally. */
  part?: { text: string; start: number; end: number } | null;
}

export interface Approval {
  id: string;
  status: ApprovalStatus;
  agentId: string;
  toolName: string;
  sessionId?: string;
  requestedBy: string;
  reason: string;
  code: string;
  /** Every reason; `reason` is the first. */
  reasons?: ApprovalReason[];
  /** Further places for which one of the reasons holds as well. */
  moreReasons?: number;
  /** False where another policy governs the agent by now: a yes would be worth nothing. */
  governs?: boolean;
  askedAt: string;
  expiresAt: string;
  quorum: number;
  approvals: number;
  approvers: string[];
  answers: { subject: string; answer: "approve" | "deny"; note?: string; channel: string; at: string }[];
  verdictId: string;
  callDigest: string;
  policyDigest: string;
  valueUsd?: string;
  call?: { [key: string]: Json };
  /** The exact text that is to be approved, and the digest that the daemon has of it. Null once it is gone. */
  callText?: string | null;
  callSha256?: string | null;
  context?: {
    meters: ApprovalMeter[];
    recent: { verdictId: string; toolName: string; decision: Decision; at: string }[];
    tool: { count: number; errors: number; tokens: number; durationMs: number };
  };
}

export interface LedgerEntry {
  index: number;
  leaf: string;
  entry: { [key: string]: Json };
}

export interface LedgerEntries {
  entries: LedgerEntry[];
  nextFrom: number | null;
}

export interface AuditTrail {
  agentId: string;
  entries: Entry[];
  nextBefore: number | null;
}

export interface Diagnostic {
  severity: "error" | "warning";
  code: string;
  message: string;
  help: string | null;
  pointer: string;
  line: number;
  column: number;
  /** Bytes in the text of `soe`. */
  start: number;
  end: number;
}

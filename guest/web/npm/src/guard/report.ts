/**
 * What a daemon is told: a decision that was made here, and what became of a call. Only texts are made here;
 * who sends them is in `api-storage.ts` and `daemon.ts`.
 */

import type { Report } from "./daemon.js";
import type { AuditRecord, Evidence } from "./record.js";

/** A record of `POST /v1/records`. The call is part of it as it is, so that the daemon digests what was decided. */
export function recordOf(record: AuditRecord, evidence: Evidence, call: string): string {
  const { decision, code, policyDigest } = evidence;
  const decidedAt = new Date(record.created_at).toISOString();
  return `{"call":${call},${JSON.stringify({ decision, code, policyDigest, decidedAt, id: record.id }).slice(1)}`;
}

/** What became of a request, for `POST /v1/audit`: names that the daemon's exports have columns for. */
export function reportOf(record: AuditRecord, verdictId: string, toolName: string, outcome: Report["outcome"]): Report {
  const facts: Record<string, string | number | null> = {
    endpoint: record.endpoint,
    method: record.method,
    status_code: record.status_code,
    amount_raw: record.amount_raw,
    asset: record.asset,
    network: record.network,
    scheme: record.scheme,
    transaction: record.tx_hash,
    payer: record.payer_address,
    payee: record.payee_address,
  };
  const known = Object.entries(facts).filter((pair): pair is [string, string | number] => pair[1] !== null && pair[1] !== "");
  const toolOutput = Object.fromEntries(known.map(([name, value]) => [name, typeof value === "string" ? wellFormed(value) : value]));
  const error = record.outcome === "failed" ? { error: wellFormed(record.reason) } : {};
  return { agentId: record.agent_id, toolName, verdictId, outcome, durationMs: record.response_time_ms, toolOutput, ...error };
}

/** Half a character is no JSON to the daemon, and a server may have put one into its receipt. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}

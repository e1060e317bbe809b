/** Every request that the pages make, by name. */
import { type Options, request } from "./client";
import type { Answer } from "./problem";
import type {
  Agent,
  Approval,
  AuditTrail,
  Budget,
  Dashboard,
  LedgerEntries,
  PolicyDocument,
  Revision,
  Risk,
  Statistics,
} from "./types";

type Asked<T> = Promise<Answer<T>>;
type Query = NonNullable<Options["query"]>;

const agent = (id: string): string => `/v1/agents/${encodeURIComponent(id)}`;

export const dashboard = (limit: number, signal: AbortSignal): Asked<Dashboard> => request("/v1/dashboard", { query: { limit }, signal });
/** Without the list of agents: reading the risk of each is most of the work. */
export const totals = (signal: AbortSignal): Asked<Dashboard> => request("/v1/dashboard", { query: { limit: 1, agents: 0 }, signal });

/** `part`: of the names that are meant, over all pages; empty for all. */
export const agents = (page: number, part: string, signal: AbortSignal): Asked<{ agents: Agent[]; total: number; page: number; pages: number }> =>
  request("/v1/agents", { query: { page, limit: 100, q: part }, signal });

export const risk = (id: string, signal: AbortSignal): Asked<Risk> => request(`${agent(id)}/risk`, { signal });
export const budgets = (id: string, signal: AbortSignal): Asked<{ budgets: Budget[] }> => request(`${agent(id)}/budgets`, { signal });
export const statistics = (id: string, signal: AbortSignal): Asked<Statistics> => request(`${agent(id)}/stats`, { signal });
export const trail = (id: string, query: Query, signal: AbortSignal): Asked<AuditTrail> => request(`${agent(id)}/audit`, { query, signal });
export const policy = (id: string, signal: AbortSignal): Asked<PolicyDocument> => request(`${agent(id)}/policy`, { signal });
export const history = (id: string, signal: AbortSignal): Asked<{ revisions: Revision[] }> => request(`${agent(id)}/policy/history`, { signal });
export const reset = (id: string, sessionId: string | null): Asked<{ riskUsed: number }> =>
  request(`${agent(id)}/reset`, { method: "POST", body: sessionId === null ? {} : { sessionId } });
export const exported = (id: string, as: "csv" | "jsonl", query: Query): Asked<Blob> =>
  request(`${agent(id)}/export/${as}`, { query, as: "blob", timeoutMs: 120_000 });

export const approvals = (query: Query, signal: AbortSignal): Asked<{ approvals: Approval[] }> => request("/v1/approvals", { query, signal });
export const approval = (id: string, signal: AbortSignal): Asked<Approval> => request(`/v1/approvals/${encodeURIComponent(id)}`, { signal });
export const answer = (id: string, what: "approve" | "deny", note: string): Asked<Approval> =>
  request(`/v1/approvals/${encodeURIComponent(id)}/${what}`, { method: "POST", body: note === "" ? {} : { note } });

export const entries = (query: Query, signal: AbortSignal): Asked<LedgerEntries> => request("/v1/ledger/entries", { query, signal });
export const receipt = (index: number, signal: AbortSignal): Asked<string> => request(`/v1/ledger/entries/${index}/receipt`, { as: "text", signal });
export const checkpoint = (signal: AbortSignal): Asked<string> => request("/v1/ledger/checkpoint", { as: "text", signal });
export const ledgerKey = (signal: AbortSignal): Asked<string> => request("/v1/ledger/key", { as: "text", signal });
export const consistency = (from: number, to: number, signal: AbortSignal): Asked<{ old: number; new: number; proof: string[] }> =>
  request("/v1/ledger/consistency", { query: { old: from, new: to }, signal });

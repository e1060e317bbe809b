/**
 * Looks through records: which ones, in which order, and what they add up to. Money is added exactly.
 */

import { dollars, micros } from "./money.js";
import type { AuditQuery, AuditRecord } from "./record.js";

/** Rows, newest first if nothing else is asked for. What a bound is no amount is an error, and not no bound. */
export function select(records: Iterable<AuditRecord>, query: AuditQuery = {}): AuditRecord[] {
  const [least, most] = [bound(query.minAmount, "minAmount"), bound(query.maxAmount, "maxAmount")];
  const rows: AuditRecord[] = [];
  for (const row of records) {
    const amount = micros(row.amount) ?? 0n;
    const fits =
      (query.agentId === undefined || row.agent_id === query.agentId) &&
      (query.team === undefined || row.team === query.team) &&
      (query.endpoint === undefined || row.endpoint.includes(query.endpoint)) &&
      (least === null || amount >= least) &&
      (most === null || amount <= most) &&
      (query.startTime === undefined || row.created_at >= query.startTime) &&
      (query.endTime === undefined || row.created_at < query.endTime) &&
      (query.status === undefined || query.status.includes(row.policy_evaluation)) &&
      (query.tags === undefined || query.tags.some((tag) => row.tags.includes(tag)));
    if (fits) rows.push(row);
  }
  const { orderBy = "created_at", order = "desc" } = query;
  const sign = order === "asc" ? 1 : -1;
  const compare = {
    created_at: (a: AuditRecord, b: AuditRecord) => a.created_at - b.created_at,
    amount: (a: AuditRecord, b: AuditRecord) => compareBig(micros(a.amount) ?? 0n, micros(b.amount) ?? 0n),
    endpoint: (a: AuditRecord, b: AuditRecord) => (a.endpoint < b.endpoint ? -1 : a.endpoint > b.endpoint ? 1 : 0),
  }[orderBy];
  // Rows of one moment keep their order, whichever way it is read.
  if (sign < 0) rows.reverse();
  rows.sort((a, b) => sign * compare(a, b));
  const offset = query.offset ?? 0;
  return rows.slice(offset, query.limit === undefined ? undefined : offset + query.limit);
}

function bound(text: string | undefined, name: string): bigint | null {
  if (text === undefined) return null;
  const own = micros(text);
  if (own === null) throw new TypeError(`\`${name}\` is no amount: write dollars as "0.50"`);
  return own;
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Spend {
  spend: string;
  count: number;
}

export interface AuditSummary {
  /** What was spent. A request that was blocked, or not settled, spends nothing. */
  total_spend: string;
  /** Requests that spent something: what averages are of. */
  total_payments: number;
  /** All requests. */
  total_transactions: number;
  unique_endpoints: number;
  unique_agents: number;
  avg_payment: string;
  max_payment: string;
  by_agent: Record<string, Spend>;
  by_endpoint: Record<string, Spend>;
  by_team: Record<string, Spend>;
  /** Requests that were blocked. */
  violations: number;
  period: { start: number | null; end: number | null };
}

/** What records add up to. */
export function summarize(records: readonly AuditRecord[]): AuditSummary {
  const groups = { by_agent: new Group(), by_endpoint: new Group(), by_team: new Group() };
  let [total, most, payments, violations] = [0n, 0n, 0, 0];
  let [start, end]: [number | null, number | null] = [null, null];
  for (const row of records) {
    const spent = spentOf(row);
    total += spent;
    if (spent > most) most = spent;
    if (spent > 0n) payments += 1;
    if (row.outcome === "blocked") violations += 1;
    groups.by_agent.add(row.agent_id, spent);
    groups.by_endpoint.add(row.endpoint, spent);
    groups.by_team.add(row.team ?? "(none)", spent);
    start = start === null ? row.created_at : Math.min(start, row.created_at);
    end = end === null ? row.created_at : Math.max(end, row.created_at);
  }
  return {
    total_spend: dollars(total),
    total_payments: payments,
    total_transactions: records.length,
    unique_endpoints: groups.by_endpoint.size,
    unique_agents: groups.by_agent.size,
    avg_payment: dollars(payments === 0 ? 0n : total / BigInt(payments)),
    max_payment: dollars(most),
    by_agent: groups.by_agent.told(),
    by_endpoint: groups.by_endpoint.told(),
    by_team: groups.by_team.told(),
    violations,
    period: { start, end },
  };
}

/** What a request spent. */
export function spentOf(row: AuditRecord): bigint {
  return row.outcome === "blocked" || row.outcome === "not-executed" ? 0n : (micros(row.amount) ?? 0n);
}

class Group {
  readonly #rows = new Map<string, { spend: bigint; count: number }>();

  get size(): number {
    return this.#rows.size;
  }

  add(name: string, spent: bigint): void {
    const row = this.#rows.get(name) ?? { spend: 0n, count: 0 };
    this.#rows.set(name, { spend: row.spend + spent, count: row.count + 1 });
  }

  told(): Record<string, Spend> {
    // Names are somebody's texts, so the object has no prototype that one could hit.
    const told: Record<string, Spend> = Object.create(null) as Record<string, Spend>;
    for (const [name, { spend, count }] of this.#rows) told[name] = { spend: dollars(spend), count };
    return told;
  }
}

/**
 * Records as a table for spreadsheets (RFC 4180) and as JSON: the columns and the rules of the daemon's
 * exports. Texts of agents are never formulas.
 */

import type { AuditRecord } from "./record.js";

/** Columns of x402 Sentinel, in its order. */
export const COLUMNS = ["id", "agent_id", "team", "human_sponsor", "amount", "amount_raw", "asset", "network", "scheme", "tx_hash", "payer_address", "payee_address", "facilitator", "endpoint", "method", "status_code", "response_time_ms", "policy_id", "policy_evaluation", "budget_remaining", "task_id", "session_id", "created_at", "settled_at"] as const;

/** Numbers that we write: they stay numbers. */
const NUMBERS: ReadonlySet<string> = new Set(["amount", "status_code", "response_time_ms", "budget_remaining"]);
const MOMENTS: ReadonlySet<string> = new Set(["created_at", "settled_at"]);

/** What makes a formula of a text, in whatever width. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** What a program or an eye would obey instead of show. */
const ACTIVE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text that cannot harm who opens the table. */
export function harmless(text: string): string {
  const shown = text.replace(ACTIVE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return FORMULA.test(text) ? `'${shown}` : shown;
}

/** The table, with a first line of names and lines that end in CR LF. */
export function exportCSV(records: Iterable<AuditRecord>): string {
  const lines = [COLUMNS.join(",")];
  for (const row of records) lines.push(COLUMNS.map((name) => quoted(cell(row, name))).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

/** Everything that was recorded, indented. */
export function exportJSON(records: Iterable<AuditRecord>): string {
  return `${JSON.stringify([...records], null, 2)}\n`;
}

function cell(row: AuditRecord, name: (typeof COLUMNS)[number]): string {
  const value = row[name];
  if (value === null || value === undefined) return "";
  if (MOMENTS.has(name)) return typeof value === "number" && Number.isFinite(value) ? moment(value) : harmless(String(value));
  const isNumber = NUMBERS.has(name) && /^[0-9]+(\.[0-9]+)?$/.test(String(value));
  return isNumber ? String(value) : harmless(String(value));
}

function moment(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

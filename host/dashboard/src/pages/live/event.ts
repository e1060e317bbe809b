/** What Live keeps of an entry: as little as a row shows. From the stream, and from the entries of `/v1/dashboard`. */
import type { Entry } from "../../api/types";
import { count as whole } from "../../lib/format";

export interface LiveEvent {
  index: number;
  /** `verdict`, the kind of another entry, or `dropped`: entries that the stream left out here. */
  kind: string;
  at: string;
  agent: string;
  tool: string;
  decision: string;
  layer: string;
  reason: string;
  enforced: boolean;
}

/** Kinds of entries that are no verdict, each an event of its own in the stream. */
export const OTHER_KINDS = [
  "outcome",
  "hold-expired",
  "session-start",
  "session-end",
  "session-reset",
  "policy-deploy",
  "policy-remove",
  "approval-answer",
  "approval-end",
  "approval-notify",
  "key-rotation",
  "daemon-start",
  "daemon-stop",
  "store-recovered",
] as const;

export const LAYERS = [
  "identity",
  "deterministic",
  "network",
  "guardrail",
  "risk-budget",
  "budget",
  "rate-limit",
  "anomaly",
  "approval",
  "tightening",
  "sentinel-ai",
  "engine",
] as const;

const TEXT_MOST = 400;

export function fromEntry(entry: Entry): LiveEvent {
  return event(entry.index, entry.kind, entry);
}

/** A message of the stream; null where it is no JSON object. */
export function fromMessage(index: number, kind: string, data: string): LiveEvent | null {
  try {
    const fields: unknown = JSON.parse(data);
    if (typeof fields !== "object" || fields === null) return null;
    return event(index, kind, fields as Record<string, unknown>);
  } catch {
    return null;
  }
}

function event(index: number, kind: string, fields: Record<string, unknown>): LiveEvent {
  const text = (name: string): string => {
    const value = fields[name];
    return typeof value === "string" ? value.slice(0, TEXT_MOST) : "";
  };
  return {
    index,
    kind,
    at: text("at") || text("timestamp"),
    agent: text("agentId"),
    tool: text("toolName"),
    decision: kind === "verdict" ? text("decision") : "",
    layer: text("layer"),
    reason: kind === "verdict" ? text("reason") : said(kind, text, fields),
    enforced: fields["enforced"] !== false,
  };
}

/** What an entry that is no verdict tells, in a line. */
function said(kind: string, text: (name: string) => string, fields: Record<string, unknown>): string {
  const by = text("subject") === "" ? "" : ` by ${text("subject")}`;
  const points = typeof fields["riskUsed"] === "number" ? ` at ${fields["riskUsed"]} points` : "";
  switch (kind) {
    case "outcome":
      return `Reported as ${text("outcome") || "executed"}${by}`;
    case "hold-expired":
      return "What was held for it counts as spent";
    case "session-start":
      return `A session began${by}`;
    case "session-end":
      return `A session ended${by}`;
    case "session-reset":
      return `Risk points were set to nought${points}${by}`;
    case "policy-deploy":
      return `Version ${text("version")} governs${by}`;
    case "policy-remove":
      return `No policy governs any more${by}`;
    case "approval-answer":
      return `${text("answer") === "deny" ? "Denied" : "Approved"}${by}${text("note") === "" ? "" : `: ${text("note")}`}`;
    case "approval-end":
      return `A question ended: ${text("state")}${by}`;
    case "approval-notify":
      return `${fields["failed"] === true ? "Could not be sent" : "Sent"} to ${text("channel")}`;
    case "daemon-start":
      return "The daemon started";
    case "daemon-stop":
      return "The daemon stopped";
    case "key-rotation":
      return "The ledger is signed with a new key";
    case "store-recovered":
      return "The store was recovered";
    default:
      return "";
  }
}

/** A mark for entries that are left out; `index` is the first one after them. */
export function dropped(index: number, count: number): LiveEvent {
  const reason = `${whole(count)} entries are left out here: this page was too far behind. The ledger has them.`;
  return { index, kind: "dropped", at: "", agent: "", tool: "", decision: "", layer: "", reason, enforced: true };
}

/** The words of the package: what goes in and what comes out. No code. */

/** The notation of a policy document. */
export type Format = "json" | "yaml";
/** What was decided. */
export type Outcome = "allow" | "escalate" | "deny";
/** How far a policy is rolled out. Only `enforce` binds. */
export type Mode = "enforce" | "audit" | "shadow" | "dry-run";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A call of an agent: its exact bytes, its JSON text, or an object that is written as JSON. What is decided
 * is the bytes; what cannot be read is denied.
 */
export type CallInput = Uint8Array | string | object;

/** A part of a text: UTF-16 code units from its start, as editors count. Lines and columns start at 1. */
export interface Range {
  start: number;
  end: number;
  line: number;
  column: number;
}

/** A finding about a document. */
export interface Diagnostic {
  severity: "error" | "warning";
  /** Stable, kebab-case. */
  code: string;
  message: string;
  /** What to do about it. */
  help: string | null;
  /** A few words for the place itself. */
  label: string;
  /** JSON pointer to the place. */
  pointer: string | null;
  range: Range;
}

/** What the page knows and the engine cannot. */
export interface Circumstances {
  /** A mode for everything; the stricter of it and the policy's own counts. */
  mode?: Mode | undefined;
  /** Whether somebody can answer an escalation: `possible` if nothing is said. */
  approval?: "nobody" | "possible" | undefined;
  /** Milliseconds since the epoch: the clock's if nothing is said. */
  now?: number | undefined;
}

/** The engine's own JSON, parsed. */
export interface Verdict {
  decision: Outcome;
  reason: string;
  layer: string;
  mode: Mode;
  rule: { pattern: string; pointer: string } | null;
  /** Stable, kebab-case. */
  code: string;
  /** False in the modes that only watch. */
  enforced: boolean;
  /** Whether the call may be performed now. */
  permitted: boolean;
  riskPoints: number;
  agentId: string;
  toolName: string;
  callDigest: string;
  policyDigest: string;
  [more: string]: Json;
}

/** One finding of one layer. */
export interface Reason {
  outcome: Outcome;
  layer: string;
  code: string;
  message: string;
  /** The line of the policy, with its place in the policy's text. */
  rule: { pattern: string; pointer: string; range: Range | null } | null;
  /** The part of the command, in UTF-16 code units; equal ends where it does not stand there literally. */
  part: { text: string; start: number; end: number } | null;
}

/** A command that would run, or what has commands in it. Wrappers have what they run as children. */
export interface CommandNode {
  kind: "command" | "pipeline" | "runs" | "substitution";
  /** As it was understood. */
  text: string;
  /** In the command, in UTF-16 code units; equal ends where it does not stand there literally. */
  start: number;
  end: number;
  /** Null where only run time knows it. */
  program: string | null;
  note: string | null;
  children: CommandNode[];
}

export interface Explanation {
  verdict: Verdict;
  /** Before meters, approvals and mode. */
  outcome: Outcome;
  access: "read" | "write" | "execute" | "tool";
  callDigest: string;
  /** Every reason, the deciding one first. */
  reasons: Reason[];
  /** Every path that was looked at. */
  paths: string[];
  /** Null where it is no command, or cannot be read: a reason says why. */
  commands: CommandNode[] | null;
  /** What is asked of whoever keeps meters. */
  effects: Json[];
}

/**
 * Recorded calls, decided again under two policies. What it needs of the engine is handed in, so that it can be
 * tested without. It knows what a recording lacks: arguments that were hidden, meters, and what people answered.
 */
import type { Verdict } from "@sentinel/policy";
import type { Entry } from "../api/types";

export type Decide = (call: string) => Verdict;
export type Word = "allow" | "escalate" | "deny";

/** Where calls would run, if their entries do not say it. */
export interface Surroundings {
  readonly environment: string;
  readonly workspace: string;
  readonly home: string;
}

export interface Recorded {
  readonly index: number;
  readonly at: string;
  readonly toolName: string;
  /** What was said then. */
  readonly decision: string;
  readonly code: string;
  readonly digest: string | null;
  /** Arguments were hidden before they were recorded. */
  readonly redacted: boolean;
  /** Absolute paths among the arguments. */
  readonly paths: readonly string[];
  readonly fields: { readonly [name: string]: unknown };
}

export interface Outcome {
  readonly recorded: Recorded;
  readonly call: string;
  /** Null where no policy governs: such a call is denied. */
  readonly before: Verdict | null;
  readonly after: Verdict;
}

export type Kind = `${Word}→${Word}`;

/** What takes something away from the agent comes first, then what gives it something; then the rest. */
export const KINDS: readonly Kind[] = ["allow→deny", "allow→escalate", "escalate→deny", "deny→allow", "escalate→allow", "deny→escalate"];

const REDACTED = "[redacted]";

/** Verdicts among the entries of an agent, as calls. What has no input any more cannot be decided again. */
export function recordedCalls(entries: readonly Entry[]): Recorded[] {
  return entries.flatMap((entry) => {
    const { toolName, toolInput, decision, code } = entry;
    if (entry.kind !== "verdict" || typeof toolName !== "string" || typeof decision !== "string") return [];
    if (typeof toolInput !== "object" || toolInput === null || Array.isArray(toolInput)) return [];
    const context = object(entry["context"]);
    const field = (name: string): unknown => context[name] ?? entry[name];
    const cost = costOf(entry, field("cost"));
    const fields: Record<string, unknown> = { toolName, toolInput };
    for (const name of ["environment", "workspace", "home", "cwd", "shell", "endpoint", "payee", "http", "resolvedPaths"]) {
      const value = field(name);
      if (value !== undefined && value !== null) fields[name] = value;
    }
    if (cost !== null) fields["cost"] = cost;
    const written = JSON.stringify(toolInput);
    return [
      {
        index: entry.index,
        at: entry.at,
        toolName,
        decision,
        code: typeof code === "string" ? code : "",
        digest: text(object(entry["policy"])["digest"]),
        redacted: written.includes(REDACTED),
        paths: pathsIn(toolInput),
        fields,
      },
    ];
  });
}

/** Money is recorded in millionths; tokens only where a meter counted them. */
function costOf(entry: Entry, sent: unknown): { usd?: string; tokens?: number } | null {
  if (typeof sent === "object" && sent !== null) return sent;
  const cost: { usd?: string; tokens?: number } = {};
  if (typeof entry["value"] === "number") cost.usd = dollars(entry["value"]);
  const charges = Array.isArray(entry["charges"]) ? entry["charges"].map(object) : [];
  const tokens = charges.find((charge) => charge["unit"] === "tokens")?.["amount"];
  if (typeof tokens === "number") cost.tokens = tokens;
  return Object.keys(cost).length === 0 ? null : cost;
}

export function dollars(micros: number): string {
  const rest = String(micros % 1_000_000).padStart(6, "0").replace(/0{1,4}$/, "");
  return `${Math.trunc(micros / 1_000_000)}.${rest}`;
}

function pathsIn(value: unknown, depth = 0): string[] {
  if (typeof value === "string") return /^\/[^\s/]/.test(value) && value.length < 4_096 && !value.includes("\n") ? [value] : [];
  if (typeof value !== "object" || value === null || depth > 2) return [];
  return Object.values(value).flatMap((own) => pathsIn(own, depth + 1));
}

/** The text that the engine gets. What an entry says goes before what is assumed. */
export function callOf(recorded: Recorded, agentId: string, around: Surroundings): string {
  const assumed: Record<string, string> = {};
  if (around.environment !== "") assumed["environment"] = around.environment;
  if (around.workspace !== "") assumed["workspace"] = around.workspace;
  if (around.home !== "") assumed["home"] = around.home;
  return JSON.stringify({ agentId, ...assumed, ...recorded.fields });
}

export function kindOf(outcome: Outcome): Kind | null {
  const before: Word = outcome.before?.decision ?? "deny";
  return before === outcome.after.decision ? null : `${before}→${outcome.after.decision}`;
}

/** Changes in the order of KINDS, newest first within each. */
export function sortChanges(outcomes: readonly Outcome[]): Outcome[] {
  const rank = (outcome: Outcome): number => {
    const kind = kindOf(outcome);
    return kind === null ? KINDS.length : KINDS.indexOf(kind);
  };
  return [...outcomes].sort((a, b) => rank(a) - rank(b) || b.recorded.index - a.recorded.index);
}

/** Whether the same policy said something else then: the recording lacks what decided. */
export function isUnfaithful(outcome: Outcome, governing: string | null): boolean {
  return governing !== null && outcome.recorded.digest === governing && outcome.before !== null && outcome.before.decision !== outcome.recorded.decision;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

const SLICE_MS = 12;

/** Decides all, in slices that leave the page free; an aborted run answers null. */
export async function replay(
  recorded: readonly Recorded[],
  calls: (recorded: Recorded) => string,
  before: Decide | null,
  after: Decide,
  signal: AbortSignal,
  progress: (progress: Progress) => void,
): Promise<Outcome[] | null> {
  const outcomes: Outcome[] = [];
  let paused = performance.now();
  for (const one of recorded) {
    if (signal.aborted) return null;
    const call = calls(one);
    outcomes.push({ recorded: one, call, before: before === null ? null : before(call), after: after(call) });
    if (performance.now() - paused > SLICE_MS) {
      progress({ done: outcomes.length, total: recorded.length });
      await new Promise((wake) => setTimeout(wake, 0));
      paused = performance.now();
    }
  }
  return signal.aborted ? null : outcomes;
}

const SAMPLE = 120;
const CANDIDATES = 12;

/**
 * The workspace under which the recorded decisions come out again: relative patterns speak of it, and older entries
 * do not say it. A directory above the paths of the calls, or none.
 */
export function guessWorkspace(recorded: readonly Recorded[], decided: (recorded: Recorded, workspace: string) => string): string {
  const telling = recorded.filter((one) => one.paths.length > 0 && one.fields["workspace"] === undefined).slice(0, SAMPLE);
  const counts = new Map<string, number>();
  for (const one of telling) for (const directory of new Set(one.paths.flatMap(above))) counts.set(directory, (counts.get(directory) ?? 0) + 1);
  const candidates = [...counts].sort((a, b) => b[1] - a[1] || b[0].length - a[0].length).slice(0, CANDIDATES);
  let best = { workspace: "", score: score(telling, decided, "") };
  for (const [workspace] of candidates) {
    const found = score(telling, decided, workspace);
    if (found > best.score || (found === best.score && best.workspace !== "" && workspace.length > best.workspace.length)) best = { workspace, score: found };
  }
  return best.workspace;
}

function score(telling: readonly Recorded[], decided: (recorded: Recorded, workspace: string) => string, workspace: string): number {
  return telling.filter((one) => decided(one, workspace) === one.decision).length;
}

function above(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return [];
  return parts.slice(0, -1).map((_, index) => `/${parts.slice(0, index + 1).join("/")}`).slice(0, 8);
}

function object(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { readonly [name: string]: unknown }) : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Drafts of policies, kept in this browser per agent until they are deployed or thrown away. */
import { signal } from "@preact/signals";
import type { Notation } from "../editor/place";

export interface Draft {
  readonly text: string;
  readonly notation: Notation;
  /** The digest of what governed when it was begun; null where nothing did. */
  readonly base: string | null;
}

const PREFIX = "sentinel.draft.";
const TEXT_MOST = 4 * 1024 * 1024;

export function loadDraft(agent: string): Draft | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(PREFIX + agent) ?? "null");
    if (typeof stored !== "object" || stored === null || !("text" in stored) || !("notation" in stored)) return null;
    const { text, notation } = stored;
    const base = "base" in stored && typeof stored.base === "string" ? stored.base : null;
    if (typeof text !== "string" || text.length > TEXT_MOST || (notation !== "json" && notation !== "yaml")) return null;
    return { text, notation, base };
  } catch {
    return null;
  }
}

/** Agents that have a draft here, also those that have no policy yet. */
export const drafted = signal<readonly string[]>(stored());

/** Whether it was kept. */
export function keepDraft(agent: string, draft: Draft): boolean {
  try {
    localStorage.setItem(PREFIX + agent, JSON.stringify(draft));
    if (!drafted.peek().includes(agent)) drafted.value = stored();
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(agent: string): void {
  try {
    localStorage.removeItem(PREFIX + agent);
    if (drafted.peek().includes(agent)) drafted.value = stored();
  } catch {
    // There is none.
  }
}

function stored(): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** A first policy: it reads the workspace and may do nothing else. */
export function firstPolicy(agent: string): string {
  return `agentId: ${JSON.stringify(agent)}
version: "1.0.0"
description: What this agent is for.

identity:
  role: Assistant
  authorityLevel: read-only
  environmentScope: [development]

dataAccess:
  readAllow: ["src/**", "docs/**"]
  readDeny: ["**/.env*", "**/credentials*", "**/secrets*", "**/api-key*", "**/password*"]

toolActions:
  allowed: []

riskBudget:
  maxPerSession: 100
`;
}

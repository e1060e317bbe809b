/** What only the policy page asks of the daemon. */
import { request } from "../api/client";
import { agents, policy, trail } from "../api/calls";
import type { Answer } from "../api/problem";
import type { Agent, Entry, Health, PolicyDocument, Revision } from "../api/types";

export interface Deployed {
  readonly agentId: string;
  readonly version: string;
  readonly revision: number;
  readonly digest: string;
  readonly warnings: string[];
}

const agent = (id: string): string => `/v1/agents/${encodeURIComponent(id)}`;
const PAGE = 1_000;
const HISTORY_MOST = 100;
/** 2,000 agents: more than anybody finds in a list. The others are reached by their name. */
const AGENT_PAGES_MOST = 20;

/**
 * The text goes as it is, byte for byte: the digest is over it. `base` is the digest of what governed when somebody last
 * looked, null where nothing did; where another policy governs by then, nothing is deployed.
 */
export const deploy = (text: string, format: "json" | "yaml", base: string | null): Promise<Answer<Deployed>> =>
  request("/v1/deploy", { method: "POST", body: { soe: text, format, base } });

export const rollback = (id: string, revision: number, base: string | null): Promise<Answer<Deployed>> =>
  request(`${agent(id)}/rollback`, { method: "POST", body: { revision, base } });

/** What governs right now; null where nothing does. */
export async function governing(id: string, signal: AbortSignal): Promise<Answer<PolicyDocument | null>> {
  const answer = await policy(id, signal);
  return !answer.ok && answer.problem.kind === "not-found" ? { ok: true, value: null } : answer;
}

/** The code of the answer where another policy governs than the one that a change was made from. */
export const CHANGED = "policy-changed";

export const history = (id: string, signal: AbortSignal): Promise<Answer<{ revisions: Revision[] }>> =>
  request(`${agent(id)}/policy/history`, { query: { limit: HISTORY_MOST }, signal });

/** The document of one revision. */
export const revision = (id: string, number: number, signal: AbortSignal): Promise<Answer<PolicyDocument>> =>
  request(`${agent(id)}/policy/history/${number}`, { signal });

export const health = (signal: AbortSignal): Promise<Answer<Health>> => request("/v1/health", { signal });

export async function allAgents(signal: AbortSignal): Promise<Answer<Agent[]>> {
  const all: Agent[] = [];
  for (let page = 1; page <= AGENT_PAGES_MOST; page += 1) {
    const answer = await agents(page, "", signal);
    if (!answer.ok) return answer;
    all.push(...answer.value.agents);
    if (page >= answer.value.pages) break;
  }
  return { ok: true, value: all };
}

/** The newest verdicts of an agent, over as many answers as it takes. */
export async function verdicts(id: string, most: number, signal: AbortSignal, progress: (have: number) => void): Promise<Answer<Entry[]>> {
  const all: Entry[] = [];
  let before: number | null = null;
  while (all.length < most) {
    const answer = await trail(id, { kind: "verdict", limit: Math.min(PAGE, most - all.length), before }, signal);
    if (!answer.ok) return answer;
    all.push(...answer.value.entries);
    progress(all.length);
    before = answer.value.nextBefore;
    if (before === null || answer.value.entries.length === 0) break;
  }
  return { ok: true, value: all };
}

/**
 * Entries, newest first, whatever the filter. The daemon lists a ledger from its beginning; so this looks at windows
 * from the end, twice as large each time, until a page is full or the beginning is reached.
 */
import { entries, trail } from "../../api/calls";
import type { Answer } from "../../api/problem";
import type { Entry } from "../../api/types";

export interface Search {
  agent: string;
  kind: string;
  decision: string;
  /** Entries before this index; null from the end. */
  before: number | null;
}

export interface Found {
  entries: Entry[];
  /** `before` of the next page; null at the beginning of the ledger. */
  before: number | null;
}

export const PAGE = 50;
const WINDOW = 250;
const WINDOWS_MOST = 12;
const LIMIT = 1_000;

/** From the address of the page. */
export function readSearch(query: string): Search {
  const fields = new URLSearchParams(query);
  const before = fields.get("before") ?? "";
  return {
    agent: fields.get("agent") ?? "",
    kind: fields.get("kind") ?? "",
    decision: fields.get("decision") ?? "",
    before: /^\d{1,15}$/.test(before) ? Number(before) : null,
  };
}

export function writeSearch(search: Search): string {
  const pairs = Object.entries(search).filter(([, value]) => value !== null && value !== "");
  return new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
}

/** Looks for a page of entries. `size` is how many the ledger has. */
export async function look(search: Search, size: number, aborted: AbortSignal): Promise<Answer<Found>> {
  const { agent, kind, decision, before } = search;
  if (agent !== "") {
    const answer = await trail(agent, { kind, decision, before, limit: PAGE }, aborted);
    return answer.ok ? { ok: true, value: { entries: answer.value.entries, before: answer.value.nextBefore } } : answer;
  }
  return back({ kind, decision }, Math.min(before ?? size, size), aborted);
}

async function back(filter: { kind: string; decision: string }, end: number, aborted: AbortSignal): Promise<Answer<Found>> {
  const filtered = filter.kind !== "" || filter.decision !== "";
  let found: Entry[] = [];
  let upTo = end;
  let width = filtered ? WINDOW : PAGE;
  for (let turn = 0; turn < WINDOWS_MOST && found.length < PAGE && upTo > 0; turn += 1) {
    const from = Math.max(0, upTo - width);
    const answer = await span(filter, from, upTo, aborted);
    if (!answer.ok) return answer;
    found = [...answer.value, ...found];
    upTo = from;
    width *= 2;
  }
  const page = found.slice(-PAGE).reverse();
  const oldest = page.at(-1)?.index;
  const more = found.length > PAGE ? (oldest ?? 0) : upTo;
  return { ok: true, value: { entries: page, before: more > 0 ? more : null } };
}

/** All that match from `from` up to `to`, oldest first. */
async function span(filter: { kind: string; decision: string }, from: number, to: number, aborted: AbortSignal): Promise<Answer<Entry[]>> {
  const all: Entry[] = [];
  let at: number | null = from;
  while (at !== null && at < to) {
    const answer: Awaited<ReturnType<typeof entries>> = await entries({ ...filter, from: at, limit: Math.min(LIMIT, to - at) }, aborted);
    if (!answer.ok) return answer;
    for (const one of answer.value.entries) if (one.index < to) all.push({ ...one.entry, index: one.index } as Entry);
    at = answer.value.nextFrom;
  }
  return { ok: true, value: all };
}

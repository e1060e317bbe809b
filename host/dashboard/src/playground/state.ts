/**
 * What the playground holds: texts, where a session is, what the engine made of them. `follow.ts` makes the latter
 * from the former. Everything stays in this page.
 */
import { batch, computed, signal } from "@preact/signals";
import type { Diagnostic, Explanation, Policy } from "@sentinel/policy";
import type { Notation } from "../editor/place";
import type { About } from "./about";
import { EXAMPLES, FIRST_POLICY, sampleText, sessionOf, type Example } from "./examples";
import type { Answer, Outcome, Run } from "./session-run";
import { isShared, unpack, type Shared } from "./share";
import { forget, keepEarlier, load, loadEarlier } from "./storage";

export interface Compiled {
  readonly policy: Policy | null;
  readonly about: About | null;
  readonly diagnostics: readonly Diagnostic[];
}

export interface Notice {
  readonly text: string;
  readonly tone: "plain" | "bad";
  /** What was there before, to go back to. */
  readonly before: Shared | null;
}

const stored = load();
const start = stored ?? firstState();

export const policyText = signal(start.policy);
export const notation = signal<Notation>(start.notation);
export const tab = signal(start.tab);
export const callText = signal(start.call);
export const calls = signal<readonly string[]>(start.calls);
export const environment = signal(start.environment);

export const exampleId = signal<string | null>(stored === null ? (EXAMPLES[0]?.id ?? null) : null);
/** What somebody wrote here, and a link or an example replaced. */
export const earlier = signal<Shared | null>(loadEarlier());
export const notice = signal<Notice | null>(null);
export const kept = signal(true);

export const compiled = signal<Compiled>({ policy: null, about: null, diagnostics: [] });
export const explanation = signal<Explanation | null>(null);
/** The text that the shown decision is about, completed. */
export const decidedCall = signal("");

/** The session: how far it is, what people said, what became of calls. */
export const until = signal(0);
export const answers = signal<ReadonlyMap<number, Answer>>(new Map());
export const outcomes = signal<ReadonlyMap<number, Outcome>>(new Map());
export const outcome = signal<Outcome>("executed");
export const gapSeconds = signal(5);
export const approval = signal<"possible" | "nobody">("possible");
export const chosen = signal(0);
export const session = signal<Run | null>(null);
export const sessionError = signal("");

export function firstState(): Shared {
  const samples = EXAMPLES[0]?.samples ?? [];
  const call = samples[1] ?? samples[0];
  return {
    policy: FIRST_POLICY,
    notation: "yaml",
    tab: "call",
    call: call === undefined ? "{}" : sampleText(call),
    calls: samples.map(sampleText),
    environment: "development",
  };
}

export const present = computed<Shared>(() => ({
  policy: policyText.value,
  notation: notation.value,
  tab: tab.value,
  call: callText.value,
  calls: calls.value,
  environment: environment.value,
}));

/** Whether the policy was written here, and not only opened. */
let touched = stored !== null;

export function writePolicy(text: string): void {
  touched = true;
  policyText.value = text;
}

/** Another state, with a way back to the one that it replaces. */
export function show(next: Shared, text: string): void {
  const before = present.peek();
  if (touched && before.policy !== next.policy) {
    earlier.value = before;
    keepEarlier(before);
  }
  touched = false;
  batch(() => {
    policyText.value = next.policy;
    notation.value = next.notation;
    tab.value = next.tab;
    callText.value = next.call;
    calls.value = next.calls;
    environment.value = next.environment;
    resetSession(next.tab === "session" ? next.calls.length : 0);
    notice.value = text === "" ? null : { text, tone: "plain", before };
  });
}

export function back(): void {
  const before = notice.peek()?.before;
  if (before !== null && before !== undefined) show(before, "");
  notice.value = null;
}

export async function showExample(example: Example): Promise<void> {
  const policy = await example.policy();
  const session = await sessionOf(example);
  const first = example.samples[0];
  show(
    {
      policy,
      notation: example.notation,
      tab: example.session === undefined ? tab.peek() : "session",
      call: first === undefined ? "{}" : sampleText(first),
      calls: session,
      environment: "development",
    },
    `Opened the example “${example.title}”.`,
  );
  exampleId.value = example.id;
}

export function resetSession(position = 0): void {
  batch(() => {
    until.value = position;
    answers.value = new Map();
    outcomes.value = new Map();
    chosen.value = 0;
  });
}

/** Forgets what is kept, and begins as on the first visit. */
export function clear(): void {
  show(firstState(), "Cleared. What was kept in this browser is gone.");
  exampleId.value = EXAMPLES[0]?.id ?? null;
  earlier.value = null;
  forget();
}

/** Opens what the address carries. What cannot be opened changes nothing and says so. */
export async function openAddress(hash: string): Promise<void> {
  if (!isShared(hash)) return;
  const found = await unpack(hash);
  // The address is about what is on the page only until something is typed.
  history.replaceState(null, "", location.pathname + location.search);
  if (found.ok) {
    show(found.shared, "Opened from a link.");
    exampleId.value = null;
  } else notice.value = { text: `${found.why} What was here stays.`, tone: "bad", before: null };
}

/**
 * What the playground holds and what follows from it. Texts are signals; what the engine makes of them is made a
 * moment after the last key. Everything stays in this page.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import { compile, PolicyError, type Diagnostic, type Explanation, type Policy } from "@sentinel/policy";
import type { Notation } from "../editor/place";
import { engine } from "../lib/engine";
import { aboutOf, type About } from "./about";
import { completeCall } from "./call";
import { EXAMPLES, FIRST_POLICY, sampleText, sessionOf, type Example } from "./examples";
import { run, type Answer, type Outcome, type Run } from "./session-run";
import { isShared, unpack, type Shared } from "./share";
import { forget, keep, load } from "./storage";

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

const POLICY_PAUSE_MS = 120;
const CALL_PAUSE_MS = 40;
const KEEP_PAUSE_MS = 400;

const stored = load();
const start = stored ?? firstState();

export const policyText = signal(start.policy);
export const notation = signal<Notation>(start.notation);
export const tab = signal(start.tab);
export const callText = signal(start.call);
export const calls = signal<readonly string[]>(start.calls);
export const environment = signal(start.environment);

export const exampleId = signal<string | null>(stored === null ? (EXAMPLES[0]?.id ?? null) : null);
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
export const chosen = signal(0);
export const session = signal<Run | null>(null);
export const sessionError = signal("");

/** Sessions begin at one moment, so that a run is the same every time that it is made. */
const STARTED = Date.now();

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

/** Another state, with a way back to the one that it replaces. */
export function show(next: Shared, text: string): void {
  const before = present.peek();
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
  forget();
  show(firstState(), "Cleared. What was kept in this browser is gone.");
  exampleId.value = EXAMPLES[0]?.id ?? null;
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

function later(milliseconds: number, run: () => void): () => void {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(run, milliseconds);
  };
}

function makePolicy(): void {
  if (engine.peek() !== "ready") return;
  const format = notation.peek();
  const before = compiled.peek().policy;
  let next: Compiled;
  try {
    const policy = compile(policyText.peek(), { format });
    next = { policy, about: aboutOf(policy.describe()), diagnostics: policy.warnings };
  } catch (error) {
    next = { policy: null, about: null, diagnostics: error instanceof PolicyError ? error.diagnostics : [broken(error)] };
  }
  batch(() => {
    compiled.value = next;
    makeDecision();
    makeSession();
  });
  before?.free();
}

/** The engine itself failed, which is no mistake of the author. */
function broken(error: unknown): Diagnostic {
  const message = `the engine failed: ${error instanceof Error ? error.message : String(error)}; reload the page`;
  return { severity: "error", code: "engine-fault", message, help: null, label: "", pointer: null, range: { start: 0, end: 0, line: 1, column: 1 } };
}

function makeDecision(): void {
  const policy = compiled.peek().policy;
  if (policy === null) {
    explanation.value = null;
    return;
  }
  const call = completeCall(callText.peek(), policy.agentId, environment.peek());
  try {
    const found = policy.explain(call);
    batch(() => {
      decidedCall.value = call;
      explanation.value = found;
    });
  } catch {
    explanation.value = null;
  }
}

function makeSession(): void {
  const policy = compiled.peek().policy;
  if (policy === null || tab.peek() !== "session") {
    session.value = null;
    return;
  }
  try {
    session.value = run(policy, {
      calls: calls.peek().map((call) => completeCall(call, policy.agentId, environment.peek())),
      until: until.peek(),
      answers: answers.peek(),
      outcomes: outcomes.peek(),
      outcome: outcome.peek(),
      start: STARTED,
      gapSeconds: gapSeconds.peek(),
    });
    sessionError.value = "";
  } catch (error) {
    session.value = null;
    sessionError.value = error instanceof Error ? error.message : String(error);
  }
}

/** Connects texts with the engine; called once by the page. */
export function begin(): void {
  const policySoon = later(POLICY_PAUSE_MS, makePolicy);
  const callSoon = later(CALL_PAUSE_MS, makeDecision);
  const sessionSoon = later(CALL_PAUSE_MS, makeSession);
  const keepSoon = later(KEEP_PAUSE_MS, () => {
    kept.value = keep(present.peek());
  });
  let first = true;
  effect(() => {
    if (engine.value === "ready") makePolicy();
  });
  effect(() => {
    void policyText.value;
    void notation.value;
    if (!first) policySoon();
  });
  effect(() => {
    void callText.value;
    void environment.value;
    if (!first) callSoon();
  });
  effect(() => {
    void [calls.value, environment.value, gapSeconds.value];
    if (!first) sessionSoon();
  });
  effect(() => {
    void [until.value, answers.value, outcomes.value, outcome.value, tab.value];
    if (!first) makeSession();
  });
  effect(() => {
    void present.value;
    if (!first) keepSoon();
  });
  first = false;
  void openAddress(location.hash);
  addEventListener("hashchange", () => void openAddress(location.hash));
}

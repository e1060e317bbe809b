/** What follows from the texts of the playground: a moment after the last key, the engine decides anew. */
import { batch, effect } from "@preact/signals";
import { compile, PolicyError, type Diagnostic } from "@sentinel/policy";
import { engine } from "../lib/engine";
import { aboutOf } from "./about";
import { completeCall } from "./call";
import { run } from "./session-run";
import { toStored } from "./share";
import {
  answers,
  approval,
  calls,
  callText,
  compiled,
  decidedCall,
  environment,
  explanation,
  firstState,
  gapSeconds,
  kept,
  notation,
  openAddress,
  outcome,
  outcomes,
  policyText,
  present,
  session,
  sessionError,
  tab,
  until,
  type Compiled,
} from "./state";
import { forgetLast, keep } from "./storage";

const POLICY_PAUSE_MS = 120;
const CALL_PAUSE_MS = 40;
const KEEP_PAUSE_MS = 400;

/** Sessions begin at one moment, so that a run is the same every time that it is made. */
const STARTED = Date.now();

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
      approval: approval.peek(),
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
    // What is there on the first visit is nobody's work: nothing is kept of it.
    if (toStored(present.peek()) === toStored(firstState())) forgetLast();
    else kept.value = keep(present.peek());
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
    void [until.value, answers.value, outcomes.value, outcome.value, approval.value, tab.value];
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

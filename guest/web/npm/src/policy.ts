/** Policies: compiled, asked about one call at a time, and explained. Nothing is kept between calls. */

import { callBytes } from "./bytes.js";
import { canAsk, modeNumber } from "./circumstances.js";
import { engine, EngineError } from "./engine.js";
import { callDigest as digest, schema as schemaText, validate as validateText, WebPolicy } from "./sentinel_web.js";
import type { CallInput, Circumstances, Diagnostic, Explanation, Format, Json, Mode, Verdict } from "./types.js";

/** A document that has mistakes. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly diagnostics: Diagnostic[];

  constructor(diagnostics: Diagnostic[]) {
    const first = diagnostics.find((own) => own.severity === "error") ?? diagnostics[0];
    const place = first === undefined ? "" : `line ${first.range.line}: ${first.message}`;
    super(`the policy has mistakes: ${place}`);
    this.diagnostics = diagnostics;
  }
}

/** Options of a document. */
export interface DocumentOptions {
  /** Without it, text that starts with `{` is JSON and everything else is YAML. */
  format?: Format | undefined;
}

const NOTHING_ELSE: Circumstances = {};

/** A compiled policy. `free()` gives its memory back early; forgotten ones are collected. */
export class Policy {
  readonly agentId: string;
  readonly version: string;
  readonly mode: Mode;
  /** `sha256:…` over the exact text. */
  readonly digest: string;
  readonly document: string;
  readonly warnings: Diagnostic[];
  #own: WebPolicy | null;

  /** Use {@link compile}. */
  constructor(own: WebPolicy, document: string) {
    this.#own = own;
    this.document = document;
    this.agentId = engine(() => own.agentId);
    this.version = engine(() => own.version);
    this.mode = engine(() => own.mode) as Mode;
    this.digest = engine(() => own.digest);
    this.warnings = JSON.parse(engine(() => own.warnings())) as Diagnostic[];
  }

  /** The verdict about a call on its own: nothing was used before. */
  decide(call: CallInput, circumstances?: Circumstances): Verdict {
    return JSON.parse(this.decideText(call, circumstances)) as Verdict;
  }

  /** The same as the engine's exact bytes: those of every other shell. */
  decideText(call: CallInput, circumstances: Circumstances = NOTHING_ELSE): string {
    const own = this.loaded();
    const mode = modeNumber(circumstances.mode);
    const ask = canAsk(circumstances.approval);
    const now = circumstances.now ?? Date.now();
    const bytes = callBytes(call);
    return engine(() => own.decide(bytes, mode, ask, now));
  }

  /**
   * The engine's exact bytes where the verdict needs no memory: no meter that has a limit, nobody's answer,
   * nothing that was learned. Null where it does; then only who keeps state can say, and nothing is permitted.
   */
  decideAlone(call: CallInput, circumstances: Omit<Circumstances, "approval"> = NOTHING_ELSE): string | null {
    const own = this.loaded();
    const mode = modeNumber(circumstances.mode);
    const now = circumstances.now ?? Date.now();
    const bytes = callBytes(call);
    return engine(() => own.decideAlone(bytes, mode, now)) ?? null;
  }

  /** The verdict with everything that was found on the way. */
  explain(call: CallInput, circumstances: Circumstances = NOTHING_ELSE): Explanation {
    const own = this.loaded();
    const mode = modeNumber(circumstances.mode);
    const ask = canAsk(circumstances.approval);
    const now = circumstances.now ?? Date.now();
    const bytes = callBytes(call);
    return JSON.parse(engine(() => own.explain(bytes, mode, ask, now))) as Explanation;
  }

  /**
   * The call for whoever keeps meters, answers and records, as JSON text: what a request stands for, without
   * what differs whenever the same is sent again. Null where the policy denies the call on its own: it then
   * has to be decided as it came.
   */
  told(call: CallInput): string | null {
    const own = this.loaded();
    const bytes = callBytes(call);
    return engine(() => own.told(bytes)) ?? null;
  }

  /** What the policy is about: role, authority, budgets, meters, terms of approvals. */
  describe(): Json {
    const own = this.loaded();
    return JSON.parse(engine(() => own.describe())) as Json;
  }

  /** The state of a session that has used so many points. */
  riskStatus(used: number): "normal" | "warn" | "throttle" | "critical" | "exhausted" {
    const own = this.loaded();
    return engine(() => own.riskStatus(used)) as ReturnType<Policy["riskStatus"]>;
  }

  /** For the other parts of the package. */
  loaded(): WebPolicy {
    if (this.#own === null) throw new EngineError("the policy was freed");
    return this.#own;
  }

  free(): void {
    const own = this.#own;
    this.#own = null;
    if (own !== null) engine(() => own.free());
  }

  [Symbol.dispose](): void {
    this.free();
  }
}

function isJson(document: string, options: DocumentOptions | undefined): boolean {
  const format = options?.format;
  if (format === undefined) return document.trimStart().startsWith("{");
  if (format !== "json" && format !== "yaml") throw new TypeError(`\`${String(format)}\` is no format`);
  return format === "json";
}

/** Compiles a document. Throws {@link PolicyError} where it has mistakes. */
export function compile(document: string, options?: DocumentOptions): Policy {
  const json = isJson(document, options);
  let own: WebPolicy;
  try {
    own = engine(() => WebPolicy.compile(document, json));
  } catch (error) {
    if (typeof error === "string") throw new PolicyError(JSON.parse(error) as Diagnostic[]);
    throw error;
  }
  return new Policy(own, document);
}

/** Every finding about a document; none is a document without mistakes. */
export function validate(document: string, options?: DocumentOptions): Diagnostic[] {
  const json = isJson(document, options);
  return JSON.parse(engine(() => validateText(document, json))) as Diagnostic[];
}

/** The verdict about a call on its own. */
export function decide(policy: Policy, call: CallInput, circumstances?: Circumstances): Verdict {
  return policy.decide(call, circumstances);
}

/** The verdict with everything that was found on the way. */
export function explain(policy: Policy, call: CallInput, circumstances?: Circumstances): Explanation {
  return policy.explain(call, circumstances);
}

/** The JSON Schema of policy documents. */
export function schema(): object {
  return JSON.parse(engine(() => schemaText())) as object;
}

/** `sha256:…` over the exact bytes of a call. */
export function callDigest(call: CallInput): string {
  const bytes = callBytes(call);
  return engine(() => digest(bytes));
}

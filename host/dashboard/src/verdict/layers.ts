/** What each layer said of a call, in the order in which they are asked. Pure. */
import type { Explanation, Json, Outcome, Reason, Verdict } from "@sentinel/policy";

export interface Charge {
  readonly meter: string;
  readonly unit: string;
  readonly key: string | null;
  readonly amount: number;
}

export interface LayerView {
  readonly layer: string;
  readonly title: string;
  /** What it looks at, for whoever has not read the reference. */
  readonly about: string;
  /** The strictest of its reasons; null if it has none. */
  readonly outcome: Outcome | null;
  readonly reasons: readonly Reason[];
  readonly charges: readonly Charge[];
  readonly decided: boolean;
}

const LAYERS: readonly (readonly [layer: string, title: string, about: string])[] = [
  ["identity", "Identity", "agent, environment, authority"],
  ["deterministic", "Lists and rules", "tools, files, commands, arguments"],
  ["network", "Network", "hosts, methods, paths, payments"],
  ["guardrail", "Guardrail", "what texts hold"],
  ["risk-budget", "Risk", "points of the session and the day"],
  ["budget", "Budgets", "money, tokens, calls"],
  ["rate-limit", "Rates", "how often"],
  ["anomaly", "Anomalies", "beside the agent's earlier calls"],
  ["tightening", "Tightening", "what was made stricter by hand"],
  ["sentinel-ai", "Judge", "what a model says"],
  ["approval", "Approval", "what a person said"],
  ["engine", "Engine", "whether the call could be read"],
];

/** Layers that most policies and calls have nothing to do with are left out unless they speak. */
const SILENT = new Set(["guardrail", "tightening", "sentinel-ai", "approval", "engine"]);

const RANK: Readonly<Record<Outcome, number>> = { allow: 0, escalate: 1, deny: 2 };

export function layerViews(verdict: Verdict, explanation: Explanation | null): LayerView[] {
  const reasons = allReasons(verdict, explanation);
  const charges = chargesOf(explanation?.effects ?? []);
  const known = LAYERS.map(([layer]) => layer);
  const other = [...new Set(reasons.map((reason) => reason.layer))].filter((layer) => !known.includes(layer));
  const order = [...LAYERS, ...other.map((layer) => [layer, layer, ""] as const)];
  return order.flatMap(([layer, title, about]) => {
    const own = reasons.filter((reason) => reason.layer === layer);
    if (own.length === 0 && SILENT.has(layer)) return [];
    return [
      {
        layer,
        title,
        about,
        outcome: strictest(own),
        reasons: own,
        charges: charges.filter((charge) => layerOf(charge.meter) === layer),
        decided: verdict.layer === layer,
      },
    ];
  });
}

/** The reasons of the explanation, and that of the verdict where the meters of a session said something else. */
function allReasons(verdict: Verdict, explanation: Explanation | null): Reason[] {
  const reasons = explanation?.reasons ?? [];
  if (reasons.some((reason) => reason.code === verdict.code && reason.layer === verdict.layer)) return [...reasons];
  const own: Reason = {
    outcome: verdict.decision,
    layer: verdict.layer,
    code: verdict.code,
    message: verdict.reason,
    rule: ruleOf(verdict["rule"]),
    part: null,
  };
  return [own, ...reasons];
}

function ruleOf(value: Json | undefined): Reason["rule"] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { pattern, pointer } = value;
  return typeof pattern === "string" && typeof pointer === "string" ? { pattern, pointer, range: null } : null;
}

export function strictest(reasons: readonly Reason[]): Outcome | null {
  let worst: Outcome | null = null;
  for (const { outcome } of reasons) if (worst === null || RANK[outcome] > RANK[worst]) worst = outcome;
  return worst;
}

/** The debits among the effects that a decision asks for. */
export function chargesOf(effects: readonly Json[]): Charge[] {
  return effects.flatMap((effect) => {
    if (typeof effect !== "object" || effect === null || Array.isArray(effect)) return [];
    const { meter, unit, key, amount } = effect;
    if ((effect["kind"] ?? effect["effect"]) !== "debit" || typeof meter !== "string" || typeof amount !== "number") return [];
    return [{ meter, unit: typeof unit === "string" ? unit : "points", key: typeof key === "string" && key !== "" ? key : null, amount }];
  });
}

function layerOf(meter: string): string {
  if (meter === "risk" || meter.startsWith("risk/")) return "risk-budget";
  return meter.startsWith("rateLimits/") ? "rate-limit" : "budget";
}

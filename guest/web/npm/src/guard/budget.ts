/**
 * The budget policies of x402 Sentinel as policy documents of Sentinel. A document and nothing else: what it
 * means is the engine's to say, and mistakes in amounts are its to find.
 */

import type { Json } from "./core.js";

export type PresetName = "conservative" | "standard" | "liberal" | "unlimited" | "custom";

/** Limits in dollars, written as `"25.00"`. */
export interface BudgetPolicy {
  /** `custom` is `standard` with the other fields over it; the others take no changes. */
  preset?: PresetName;
  maxPerCall?: string;
  maxPerHour?: string;
  maxPerDay?: string;
  maxTotal?: string;
  /** How many times the mean of the last payments is too much. */
  spikeThreshold?: number;
  /** Globs of URLs without query: `*` is any text, `?` one character. */
  allowedEndpoints?: string[];
  blockedEndpoints?: string[];
  /** A payment above this asks a person: `approve` of guardFetch is called. */
  requireApproval?: { above: string };
}

export interface FromBudgetOptions {
  agentId: string;
  version?: string;
  /** Where the agent may go. Every public host, if nothing is said. */
  allowHosts?: string[];
  environmentScope?: string[];
}

const LIMITS = {
  conservative: { maxPerCall: "0.10", maxPerHour: "5.00", maxPerDay: "50.00", spikeThreshold: 3 },
  standard: { maxPerCall: "1.00", maxPerHour: "25.00", maxPerDay: "200.00", spikeThreshold: 3 },
  liberal: { maxPerCall: "10.00", maxPerHour: "100.00", maxPerDay: "1000.00", spikeThreshold: 5 },
  unlimited: {},
} as const satisfies Record<Exclude<PresetName, "custom">, BudgetPolicy>;

export const conservativePolicy = (): BudgetPolicy => ({ ...LIMITS.conservative });
export const standardPolicy = (): BudgetPolicy => ({ ...LIMITS.standard });
export const liberalPolicy = (): BudgetPolicy => ({ ...LIMITS.liberal });
export const unlimitedPolicy = (): BudgetPolicy => ({});
/** `standard` with changes. */
export const customPolicy = (own: Omit<BudgetPolicy, "preset"> = {}): BudgetPolicy => ({ ...LIMITS.standard, ...own });

const FIELDS: ReadonlySet<string> = new Set(["preset", "maxPerCall", "maxPerHour", "maxPerDay", "maxTotal", "spikeThreshold", "allowedEndpoints", "blockedEndpoints", "requireApproval"]);

/** The most that the engine counts. */
const MOST = "9007199254.740991";

/** The document, as JSON text for `compile`. */
export function policyFromBudget(budget: BudgetPolicy | PresetName, options: FromBudgetOptions): string {
  const own = resolved(typeof budget === "string" ? { preset: budget } : budget);
  const { maxPerCall, maxPerHour, maxPerDay, maxTotal } = own;
  const limits = [
    ["max-per-call", maxPerCall, "call"],
    ["max-per-hour", maxPerHour, "hour"],
    ["max-per-day", maxPerDay, "day"],
    ["max-total", maxTotal, "lifetime"],
  ] as const;
  const document = {
    agentId: options.agentId,
    version: options.version ?? "1.0.0",
    identity: { authorityLevel: "limited-ops", environmentScope: options.environmentScope ?? ["development", "staging", "production"] },
    network: { allowHosts: options.allowHosts ?? ["*"], x402: { maxPerPayment: maxPerCall ?? MOST } },
    // Without `tools`: requests that pay nothing are not counted, and not asked for a price.
    budgets: limits.flatMap(([name, limit, per]) => (limit === undefined ? [] : [{ name, unit: "usd", limit, per }])),
    rules: [...endpoints("blocked-endpoints", own.blockedEndpoints, false), ...endpoints("allowed-endpoints", own.allowedEndpoints, true)],
    ...(own.spikeThreshold === undefined ? {} : { anomaly: { tools: ["http"], signals: [], spike: { times: own.spikeThreshold, action: "block" } } }),
    ...(own.requireApproval === undefined ? {} : { approvals: { above: own.requireApproval.above } }),
  };
  return JSON.stringify(document, null, 2);
}

function resolved(own: BudgetPolicy): BudgetPolicy {
  const unknown = Object.keys(own).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw new TypeError(`budget policy has an unknown field \`${unknown}\`: a limit that is misspelt limits nothing`);
  if (own.allowedEndpoints !== undefined && own.blockedEndpoints !== undefined) {
    throw new TypeError("`allowedEndpoints` and `blockedEndpoints` exclude each other: keep one of them");
  }
  for (const name of ["allowedEndpoints", "blockedEndpoints"] as const) {
    if (own[name]?.length === 0) throw new TypeError(`\`${name}\` is empty: leave it out`);
  }
  const { preset, ...changes } = own;
  if (preset === undefined) return changes;
  if (preset === "custom") return customPolicy(changes);
  const limits: BudgetPolicy | undefined = Object.hasOwn(LIMITS, preset) ? LIMITS[preset] : undefined;
  if (limits === undefined) throw new TypeError(`unknown preset \`${preset}\`: conservative, standard, liberal, unlimited, custom`);
  if (Object.keys(changes).length > 0) throw new TypeError(`preset \`${preset}\` takes no changes: write \`custom\``);
  return limits;
}

function endpoints(name: string, patterns: string[] | undefined, isAllowed: boolean): Json[] {
  if (patterns === undefined) return [];
  const when = { param: "@endpoint", operator: "url_matches", value: patterns };
  return [{ name, tools: ["http"], when: isAllowed ? { not: when } : when, action: "block", onMissing: "block", onMismatch: "block" }];
}

/**
 * What the engine makes of a request apart from any policy: the one spelling of where it goes, and what a
 * payment in it is worth. Asked of a policy of our own that allows everything and keeps nothing.
 */

import { asObject } from "./base64.js";
import type { Canonical } from "./call.js";
import { compile, type Json, type Policy, type Verdict } from "./core.js";

/** More than anybody pays, and still counted exactly. */
const MOST = "9007199254.740991";

export interface Worth {
  readonly micros: bigint;
  readonly payee: string | null;
}

export class Probe {
  readonly #policy: Policy;
  readonly #agentId: string;
  readonly #environment: string;

  constructor(agentId: string, environment: string | undefined, document: string) {
    this.#agentId = agentId;
    this.#environment = environment ?? "development";
    const assets = assetsOf(document);
    const x402 = { maxPerPayment: MOST, ...(assets.length === 0 ? {} : { assets }) };
    const meter = { unit: "usd", limit: MOST, per: "lifetime" };
    this.#policy = compile(
      JSON.stringify({
        agentId,
        version: "1",
        identity: { authorityLevel: "full-ops", environmentScope: [this.#environment] },
        network: { allowHosts: ["*:*"], blockPrivateIps: false, x402 },
        budgets: [{ name: "worth", by: "payee", ...meter }],
      }),
    );
  }

  /** How the engine writes it; null where it is no request that can be forwarded. */
  canonical(scheme: string, { authority, path }: Canonical): Canonical | null {
    const call = { agentId: this.#agentId, environment: this.#environment, toolName: "http", toolInput: { method: "GET", scheme, authority, path, headers: [] } };
    return forwardOf(this.#policy.decide(call));
  }

  /** What the payment of a call costs; null where there is none that can be read. */
  worth(call: string): Worth | null {
    for (const effect of this.#policy.explain(call).effects) {
      const own = asObject(effect);
      const amount = own?.["amount"];
      if (own?.["meter"] === "budgets/worth" && typeof amount === "number") {
        return { micros: BigInt(amount), payee: typeof own["key"] === "string" && own["key"] !== "" ? own["key"] : null };
      }
    }
    return null;
  }
}

/** Where a verdict says that the request has to go. */
function forwardOf(verdict: Verdict): Canonical | null {
  const http = asObject(verdict["http"]);
  return typeof http?.["authority"] === "string" && typeof http["path"] === "string" ? { authority: http["authority"], path: http["path"] } : null;
}

/** The tokens that a policy knows beside USDC. Without them, only the amount in dollars of a record is missing. */
function assetsOf(document: string): Json[] {
  let network: Record<string, unknown> | null = null;
  try {
    network = asObject(asObject(JSON.parse(document))?.["network"]);
  } catch {
    // A document in YAML.
  }
  const rules = Array.isArray(network?.["rules"]) ? network["rules"] : [];
  const lists = [network, ...rules].map((own) => asObject(asObject(own)?.["x402"])?.["assets"]);
  const found = new Map<string, Json>();
  for (const asset of lists.flatMap((list) => (Array.isArray(list) ? (list as Json[]) : []))) {
    const { network: where, asset: what } = asObject(asset) ?? {};
    found.set(`${String(where)} ${String(what).toLowerCase()}`, asset);
  }
  return [...found.values()];
}

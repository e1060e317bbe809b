/** What a policy says of its meters, from the engine's description, and what bars show of them. Pure. */
import type { Explanation, Json, MeterState } from "@sentinel/policy";
import type { Bar, Threshold } from "../verdict/Bars";
import { chargesOf } from "../verdict/layers";

export interface RiskBudget {
  readonly max: number;
  readonly thresholds: readonly Threshold[];
}

interface MeterAbout {
  readonly meter: string;
  readonly unit: string;
  readonly limit: number | null;
  readonly note: string;
}

export interface About {
  readonly risk: RiskBudget | null;
  readonly meters: readonly MeterAbout[];
}

type Fields = { readonly [name: string]: Json | undefined };

export function aboutOf(description: Json): About {
  const fields = object(description);
  const risk = object(fields["riskBudget"]);
  const max = number(risk["max"]);
  const thresholds = ["warn", "throttle", "critical", "exhausted"].flatMap((name) => {
    const at = number(risk[name]);
    return at === null ? [] : [{ name, at }];
  });
  const meters = Array.isArray(fields["meters"]) ? fields["meters"].map(object) : [];
  return {
    risk: max === null ? null : { max, thresholds },
    meters: meters.flatMap((own) => {
      const meter = own["meter"];
      return typeof meter !== "string"
        ? []
        : [{ meter, unit: text(own["unit"]), limit: number(own["limit"]), note: noteOf(text(own["scope"]), own["window"], text(own["by"])) }];
    }),
  };
}

/** What one call would put on fresh meters. */
export function callBars(about: About, explanation: Explanation): Bar[] {
  return chargesOf(explanation.effects).flatMap((charge) => {
    const known = about.meters.find((own) => own.meter === charge.meter);
    if (known === undefined) return [];
    return [bar(about, { meter: charge.meter, unit: known.unit, key: charge.key, used: 0, held: 0, limit: known.limit, note: known.note, next: charge.amount })];
  });
}

export function sessionBars(about: About, meters: readonly MeterState[], status: string): Bar[] {
  const bars = meters.map((own) => {
    const known = about.meters.find((one) => one.meter === own.meter);
    const key = isNamed(own.key, known?.note ?? "") ? own.key : null;
    return bar(about, { ...own, key, note: known?.note ?? noteOf(own.scope, own.window, ""), next: 0 }, own.meter === "risk" ? status : undefined);
  });
  const seen = new Set(bars.map((one) => one.meter));
  // A meter that nobody used yet is shown empty, so that no bar appears later.
  const empty = about.meters
    .filter((own) => !seen.has(own.meter) && !own.note.includes("each"))
    .map((own) => bar(about, { ...own, key: null, used: 0, held: 0, next: 0 }));
  const order = about.meters.map((own) => own.meter);
  return [...bars, ...empty].sort((a, b) => order.indexOf(a.meter) - order.indexOf(b.meter));
}

interface Reading {
  readonly meter: string;
  readonly unit: string;
  readonly key: string | null;
  readonly used: number;
  readonly held: number;
  readonly limit: number | null;
  readonly note: string;
  readonly next: number;
}

function bar(about: About, own: Reading, status?: string): Bar {
  const thresholds = own.meter === "risk" && about.risk !== null ? about.risk.thresholds : undefined;
  return {
    meter: own.meter,
    unit: own.unit,
    key: own.key,
    used: own.used,
    held: own.held,
    next: own.next,
    limit: own.limit,
    note: own.note,
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(status === undefined ? {} : { status }),
  };
}

/** Only meters that are counted apart have a key that says something. */
function isNamed(key: string, note: string): boolean {
  return key !== "" && note.includes("each");
}

function noteOf(scope: string, window: Json | undefined, by: string): string {
  const apart = by === "" || by === "agent" ? "" : `each ${by}, `;
  const own = object(window);
  const seconds = number(own["seconds"]);
  if (seconds === null) return apart + (scope === "agent" ? "in all" : `per ${scope}`);
  const names: Readonly<Record<number, string>> = { 60: "a minute", 3_600: "an hour", 86_400: "a day" };
  return apart + (names[seconds] ?? `${seconds} s`);
}

function object(value: Json | undefined): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function number(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

import type { Verdict } from "./types.js";
import type { Policy } from "./policy.js";
export type Outcome = "allow" | "escalate" | "deny";
export type Mode = "enforce" | "audit" | "shadow" | "dry-run";
export type Json = null | boolean | number | string | Json[] | { [k: string]: Json };
export type CallInput = Uint8Array | string | object;
export interface Diagnostic { severity: "error" | "warning"; code: string; message: string; help: string | null; pointer: string | null; range: unknown }
export interface Circumstances { mode?: Mode; approval?: "nobody" | "possible"; now?: number }
export declare class Session {
  constructor(policy: Policy, options?: { environment?: string; mode?: Mode; approval?: "nobody" | "possible" });
  step(call: CallInput, options?: { now?: number; runId?: string; approvalId?: string }): Step;
  approve(approvalId: string, by?: string): void; deny(approvalId: string, by?: string): void;
  settle(verdictId: string, outcome: "executed" | "failed" | "not-executed", cost?: { usd?: string; tokens?: number }): void;
  readonly meters: MeterState[];
  readonly questions: Question[];
  save(): string; static restore(policy: Policy, saved: string, options?: object): Session;
  free(): void;
}
export interface Step { verdictId: string; verdict: Verdict; text: string; approvalId: string | null; charges: { meter: string; unit: string; key: string; amount: number; held: boolean }[] }
export interface MeterState { meter: string; unit: "points" | "usd-micros" | "tokens" | "calls"; scope: string; key: string; used: number; held: number; limit: number | null; window: Json }
export interface Question { approvalId: string; verdictId: string; reason: string; code: string; state: string; callDigest: string }

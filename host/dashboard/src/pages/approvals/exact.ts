/**
 * Whether what the page shows is what the daemon will let through. The engine in the page hashes the exact text of
 * the call, and that has to be the digest that the question is bound to. Everything shown of the call is read from
 * that text, so there is nothing on the page that the digest is not over.
 */
import { callDigest } from "@sentinel/policy";
import { useMemo } from "preact/hooks";
import type { Approval, Json } from "../../api/types";
import { engine } from "../../lib/engine";

export type Exact =
  | { state: "checking" }
  | { state: "equal"; text: string; digest: string; call: { [key: string]: Json } | null }
  | { state: "differs"; text: string; digest: string; expected: string }
  | { state: "missing" }
  | { state: "no-engine" };

/** What keeps an answer from being given, in a sentence; null where the bytes are proven. */
export function obstacle(exact: Exact): string | null {
  switch (exact.state) {
    case "equal":
      return null;
    case "checking":
      return "The exact bytes are being checked.";
    case "differs":
      return "What this page shows is not what the daemon asks about. Do not answer here; look with `sentinel approvals show` where the daemon runs.";
    case "missing":
      return "The daemon does not show the exact bytes of this call, so nobody can know what they would approve.";
    case "no-engine":
      return "The engine could not be started in this browser, so the bytes cannot be checked. Reload the page, or answer with `sentinel approvals`.";
  }
}

export function useExact(approval: Approval): Exact {
  const ready = engine.value;
  const { callText, callSha256, callDigest: recorded } = approval;
  return useMemo(() => check(callText, callSha256, recorded, ready), [callText, callSha256, recorded, ready]);
}

function check(text: string | null | undefined, said: string | null | undefined, recorded: string, ready: string): Exact {
  if (typeof text !== "string" || typeof said !== "string") return { state: "missing" };
  if (ready === "failed") return { state: "no-engine" };
  if (ready !== "ready") return { state: "checking" };
  try {
    const digest = callDigest(text);
    // The digest on record has a key where the call holds secrets; where it has none, all three are one.
    const expected = recorded.startsWith("sha256:") ? recorded : said;
    if (digest !== said || digest !== expected) return { state: "differs", text, digest, expected };
    return { state: "equal", text, digest, call: objectOf(text) };
  } catch {
    return { state: "no-engine" };
  }
}

function objectOf(text: string): { [key: string]: Json } | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: Json }) : null;
  } catch {
    return null;
  }
}

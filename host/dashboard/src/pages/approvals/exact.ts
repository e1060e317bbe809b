/**
 * Whether what the page shows is what the daemon will let through. The engine in the page hashes the exact text of
 * the call, and that has to be the digest that the question is bound to. What is shown of the call is cut from that
 * text, as it is written there; the agent and the tool, which the question names, have to be the text's.
 */
import { callDigest } from "@sentinel/policy";
import { useMemo } from "preact/hooks";
import type { Approval } from "../../api/types";
import { engine } from "../../lib/engine";
import { type Member, member, members, textOf } from "../../lib/json";

export type Exact =
  | { state: "checking" }
  | { state: "equal"; text: string; digest: string; call: Read }
  | { state: "differs"; text: string; digest: string; expected: string }
  /** The bytes are the question's, and are about something else than the question says. */
  | { state: "other"; text: string }
  | { state: "missing" }
  | { state: "no-engine" };

/** What stands in the text, values as they are written: the tool's input, and what is around it. */
export interface Read {
  input: Member[];
  around: Member[];
}

/** What keeps a yes from being given, in a sentence; null where the bytes are proven. */
export function obstacle(exact: Exact): string | null {
  switch (exact.state) {
    case "equal":
      return null;
    case "checking":
      return "The exact bytes are being checked.";
    case "differs":
      return "What this page shows is not what the daemon asks about. Do not approve it here; look with `sentinel approvals show` where the daemon runs.";
    case "other":
      return "The bytes are about another agent or tool than the question says. Do not approve it here; look with `sentinel approvals show` where the daemon runs.";
    case "missing":
      return "The daemon does not show the exact bytes of this call, so nobody can know what they would approve.";
    case "no-engine":
      return "The engine could not be started in this browser, so the bytes cannot be checked. Reload the page, or answer with `sentinel approvals`.";
  }
}

export function useExact(approval: Approval): Exact {
  const ready = engine.value;
  const { callText, callSha256, callDigest: recorded, agentId, toolName } = approval;
  return useMemo(() => {
    const exact = check(callText, callSha256, recorded, ready);
    return exact.state === "equal" && !isAbout(exact.text, agentId, toolName) ? { state: "other", text: exact.text } : exact;
  }, [callText, callSha256, recorded, ready, agentId, toolName]);
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
    return { state: "equal", text, digest, call: readCall(text) };
  } catch {
    return { state: "no-engine" };
  }
}

/** Whether the text itself says that it is this agent's call of this tool. */
export function isAbout(text: string, agentId: string, toolName: string): boolean {
  return textOf(member(text, "agentId")) === agentId && textOf(member(text, "toolName")) === toolName;
}

export function readCall(text: string): Read {
  const input = member(text, "toolInput");
  return {
    input: input === null ? [] : (members(input) ?? [{ name: "toolInput", value: input }]),
    around: (members(text) ?? []).filter(({ name }) => !["agentId", "toolName", "toolInput"].includes(name)),
  };
}

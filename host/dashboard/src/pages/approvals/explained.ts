/**
 * The commands that a call would run, by the engine in the page, and where in them the reasons are that came with the
 * question. The policy, where the credential may read it, says which argument is a command; most tools need none.
 */
import { compile, type Explanation, explain, type Policy, type Reason } from "@sentinel/policy";
import { useEffect, useState } from "preact/hooks";
import { policy } from "../../api/calls";
import type { Approval, PolicyDocument } from "../../api/types";
import { may } from "../../api/session";
import { engine } from "../../lib/engine";
import { unitsOf } from "../../lib/utf8";

export function useExplanation(agentId: string, policyDigest: string, text: string | null): Explanation | null {
  const [explained, setExplained] = useState<Explanation | null>(null);
  const ready = engine.value === "ready";
  useEffect(() => {
    setExplained(null);
    if (text === null || !ready) return undefined;
    const ended = new AbortController();
    void documentOf(agentId, ended.signal).then((document) => {
      if (ended.signal.aborted) return;
      const governing = document !== null && document.digest === policyDigest ? document : null;
      setExplained(explainedBy(agentId, governing, text));
    });
    return () => ended.abort();
  }, [agentId, policyDigest, text, ready]);
  return explained;
}

/** The reasons of a question, their parts as places in this command. */
export function reasonsIn(approval: Approval, command: string): Reason[] {
  return (approval.reasons ?? []).map(({ message, code, layer, rule, part }) => ({
    outcome: "escalate",
    message,
    code,
    layer,
    rule: rule === undefined || rule === null ? null : { ...rule, range: null },
    part: part === undefined || part === null ? null : { text: part.text, start: unitsOf(command, part.start), end: unitsOf(command, part.end) },
  }));
}

async function documentOf(agentId: string, aborted: AbortSignal): Promise<PolicyDocument | null> {
  if (!may("audit") && !may("evaluate")) return null;
  const answer = await policy(agentId, aborted);
  return answer.ok ? answer.value : null;
}

function explainedBy(agentId: string, document: PolicyDocument | null, text: string): Explanation | null {
  let compiled: Policy | null = null;
  try {
    const nothing = { agentId, version: "1.0.0", identity: { authorityLevel: "limited-ops", environmentScope: ["development"] } };
    compiled = document === null ? compile(JSON.stringify(nothing)) : compile(document.document, { format: document.format });
    return explain(compiled, text);
  } catch {
    // Without an explanation there are still the exact bytes, which are what is approved.
    return null;
  } finally {
    compiled?.free();
  }
}

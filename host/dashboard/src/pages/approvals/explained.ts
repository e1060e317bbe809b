/**
 * What the engine in the page says of a call: the commands that would run, and every reason. With the policy that
 * governs the agent, where the credential may read it; the commands need none.
 */
import { compile, type Explanation, explain, type Policy } from "@sentinel/policy";
import { useEffect, useState } from "preact/hooks";
import { policy } from "../../api/calls";
import type { PolicyDocument } from "../../api/types";
import { may } from "../../api/session";
import { engine } from "../../lib/engine";

export interface Explained {
  explanation: Explanation;
  /** Whether it is the policy that the question was asked under; otherwise only the commands mean something. */
  byPolicy: boolean;
}

export function useExplained(agentId: string, policyDigest: string, text: string | null): Explained | null {
  const [explained, setExplained] = useState<Explained | null>(null);
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

async function documentOf(agentId: string, aborted: AbortSignal): Promise<PolicyDocument | null> {
  if (!may("audit") && !may("evaluate")) return null;
  const answer = await policy(agentId, aborted);
  return answer.ok ? answer.value : null;
}

function explainedBy(agentId: string, document: PolicyDocument | null, text: string): Explained | null {
  let compiled: Policy | null = null;
  try {
    const nothing = { agentId, version: "1.0.0", identity: { authorityLevel: "limited-ops", environmentScope: ["development"] } };
    compiled = document === null ? compile(JSON.stringify(nothing)) : compile(document.document, { format: document.format });
    return { explanation: explain(compiled, text), byPolicy: document !== null };
  } catch {
    // Without an explanation there are still the exact bytes, which are what is approved.
    return null;
  } finally {
    compiled?.free();
  }
}

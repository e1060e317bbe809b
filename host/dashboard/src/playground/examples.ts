/**
 * The example policies of the repository, as the files there have them, with calls to try. Only the first one is
 * in the page from the start; the others are files of their own.
 */
import first from "../../../../examples/policies/coding-agent.soe.yaml?raw";
import { CODING, DEVOPS, FINANCE, FIRST, HEALTH, PAYMENTS, RESEARCH, REVIEW, SUPPORT, type Sample } from "./samples";

export interface Example {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly notation: "json" | "yaml";
  readonly samples: readonly Sample[];
  readonly policy: () => Promise<string>;
  /** The calls of its session, as texts; the samples in order, if absent. */
  readonly session?: () => Promise<readonly string[]>;
}

type Raw = Promise<{ readonly default: string }>;
const raw = (file: () => Raw) => async (): Promise<string> => (await file()).default;

export const FIRST_POLICY = first;

export const EXAMPLES: readonly Example[] = [
  { id: "coding-agent", title: "Coding agent", about: "Edits sources, runs tests, commits. Never pushes.", notation: "yaml", samples: CODING, policy: () => Promise.resolve(first) },
  { id: "shop-coder", title: "A recorded session", about: "78 calls of a coding agent: honest work, then an injected task.", notation: "json", samples: CODING, policy: raw(() => import("../../../../examples/session/policy.soe.json?raw")), session: recorded },
  { id: "payments", title: "Payments", about: "Small amounts pass, large ones ask a person.", notation: "json", samples: PAYMENTS, policy: raw(() => import("../../../../examples/policies/payments.soe.json?raw")) },
  { id: "support", title: "Customer support", about: "Rules on arguments; two people for what cannot be taken back.", notation: "yaml", samples: SUPPORT, policy: raw(() => import("../../../../examples/policies/support.soe.yaml?raw")) },
  { id: "research-agent", title: "Research on the web", about: "Hosts, methods, paths, MCP and paid data.", notation: "json", samples: RESEARCH, policy: raw(() => import("../../../../examples/policies/research-agent.soe.json?raw")) },
  { id: "devops-agent", title: "Deployments", about: "Development and UAT, never production.", notation: "json", samples: DEVOPS, policy: raw(() => import("../../../../examples/policies/devops-agent.soe.json?raw")) },
  { id: "financial-advisor", title: "Financial advice", about: "Advises; trades nothing, sees nobody's data.", notation: "json", samples: FINANCE, policy: raw(() => import("../../../../examples/policies/financial-advisor.soe.json?raw")) },
  { id: "healthcare-analyst", title: "Health data", about: "Reads aggregates, and no record of a person.", notation: "json", samples: HEALTH, policy: raw(() => import("../../../../examples/policies/healthcare-analyst.soe.json?raw")) },
  { id: "read-only-reviewer", title: "Reviewer", about: "Reads and comments. Changes nothing.", notation: "json", samples: REVIEW, policy: raw(() => import("../../../../examples/policies/read-only-reviewer.soe.json?raw")) },
  { id: "three-constraints", title: "Three constraints", about: "Files, tools and a risk budget, in audit mode.", notation: "json", samples: FIRST, policy: raw(() => import("../../../../examples/policies/three-constraints.soe.json?raw")) },
  { id: "my-first-agent", title: "A first policy", about: "A small one to begin with.", notation: "json", samples: FIRST, policy: raw(() => import("../../../../examples/policies/my-first-agent.soe.json?raw")) },
  { id: "minimal", title: "The least", about: "What a document needs, and what it then denies.", notation: "json", samples: FIRST, policy: raw(() => import("../../../../examples/policies/minimal.soe.json?raw")) },
];

export function sampleText(sample: Sample): string {
  return JSON.stringify(sample.call, null, 2);
}

export async function sessionOf(example: Example): Promise<readonly string[]> {
  return example.session === undefined ? example.samples.map(sampleText) : example.session();
}

/** Hook events of a coding agent, one per line, as the calls that its hook makes of them. */
async function recorded(): Promise<readonly string[]> {
  const { default: lines } = await import("../../../../examples/session/claude-code.jsonl?raw");
  return fromHookEvents(lines);
}

/** Null where a text has no such lines. */
export function fromHookEvents(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    try {
      const event: unknown = JSON.parse(line);
      if (typeof event !== "object" || event === null || !("tool_name" in event) || !("tool_input" in event)) return [];
      const cwd = "cwd" in event && typeof event.cwd === "string" ? event.cwd : null;
      const place = cwd === null ? {} : { workspace: cwd, home: "/home/dev", cwd };
      return [JSON.stringify({ toolName: event.tool_name, toolInput: event.tool_input, ...place })];
    } catch {
      return [];
    }
  });
}

/** Calls, command lines and examples of the playground; the examples with the engine itself. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compile, type Policy } from "@sentinel/policy";
import { completeCall, parseCall, summary, withCost, withField, withTool } from "../src/playground/call";
import { explainCommand, oneLine, policyFile, quote } from "../src/playground/cli";
import { EXAMPLES, fromHookEvents, sampleText, sessionOf } from "../src/playground/examples";
import { without } from "../src/playground/positions";
import { run, type Plan } from "../src/playground/session-run";

test("a call gets only what it lacks, as `sentinel explain` completes it", () => {
  const complete = (call: string): string => completeCall(call, 'a"b', "dev");
  assert.equal(complete('{"toolName": "Bash",  "toolInput": {"command": "\\u0041 "}}'), '{"agentId":"a\\"b","environment":"dev","toolName": "Bash",  "toolInput": {"command": "\\u0041 "}}');
  assert.equal(complete(' {"agentId":"x"}'), '{"environment":"dev","agentId":"x"}');
  assert.equal(complete(' {"agentId":"x","environment":1}'), ' {"agentId":"x","environment":1}');
  assert.equal(complete("{ }"), '{"agentId":"a\\"b","environment":"dev"}');
  for (const text of ["[1]", "not json", ""]) assert.equal(complete(text), text);
});

test("a form writes single fields and keeps the others", () => {
  const fields = parseCall('{"toolName":"Read","toolInput":{"file_path":"a","limit":3},"odd":[1]}');
  assert.ok(fields !== null);
  const tool = withTool(fields, "read_file");
  assert.deepEqual(tool, { toolName: "read_file", toolInput: { path: "a", limit: 3 }, odd: [1] });
  assert.deepEqual(withTool(tool, "Bash"), { ...tool, toolName: "Bash" });
  assert.deepEqual(withField({ a: 1, b: "x" }, "b", ""), { a: 1 });
  assert.deepEqual(withCost(withCost({}, "usd", "0.25"), "tokens", "7"), { cost: { usd: "0.25", tokens: 7 } });
  assert.deepEqual(withCost({ cost: { usd: "1" } }, "usd", ""), {});
});

test("a pasted command does what it says, whatever is in it", () => {
  const hostile = `{"toolInput": {"command": "a'b; \$(touch x) \`y\` \\"q\\" !! \\\\ \u202e\u0007\u2028"}}`.replace("\u0007", "\\u0007");
  const shown = execFileSync("sh", ["-c", `printf %s ${quote(oneLine(hostile))}`]).toString();
  assert.deepEqual(JSON.parse(shown), JSON.parse(hostile));
  assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}]/u);
  assert.match(explainCommand("x.soe.json", "{}", "production"), /^SOE_ENVIRONMENT=production sentinel explain --policy x\.soe\.json --call '\{\}'$/);
  assert.equal(policyFile("../../etc/passwd", "json"), "policy.soe.json");
  assert.equal(policyFile("coding-agent", "yaml"), "coding-agent.soe.yaml");
});

test("blanks go between words only", () => {
  assert.equal(oneLine('{ "a" : "b  \\" c" ,\n "d": [ 1 , 2 ] }'), '{"a":"b  \\" c","d":[1,2]}');
});

test("one line about a call", () => {
  assert.deepEqual(summary('{"toolName":"Bash","toolInput":{"command":"ls"}}'), { tool: "Bash", what: "ls" });
  assert.deepEqual(summary('{"toolName":"http","toolInput":{"method":"GET","scheme":"https","authority":"a","path":"/b"}}').what, "GET https://a/b");
  assert.deepEqual(summary("no"), { tool: "?", what: "no" });
});

test("what is kept by position moves with its call", () => {
  assert.deepEqual([...without(new Map([[0, "a"], [2, "b"], [3, "c"]]), 2)], [[0, "a"], [2, "c"]]);
});

async function policyOf(id: string): Promise<{ policy: Policy; calls: readonly string[] }> {
  const example = EXAMPLES.find((one) => one.id === id);
  assert.ok(example !== undefined, id);
  const policy = compile(await example.policy(), { format: example.notation });
  return { policy, calls: (await sessionOf(example)).map((call) => completeCall(call, policy.agentId, "development")) };
}

test("every example is valid, and shows what is allowed and what is not", async () => {
  for (const example of EXAMPLES) {
    const { policy } = await policyOf(example.id);
    const decisions = example.samples.map((sample) => policy.decide(completeCall(sampleText(sample), policy.agentId, "development")));
    for (const verdict of decisions) assert.notEqual(verdict.layer, "engine", `${example.id}: ${verdict.reason}`);
    if (example.id === "minimal") continue;
    assert.ok(decisions.some((verdict) => verdict.decision === "allow"), example.id);
    assert.ok(decisions.some((verdict) => verdict.decision === "deny"), example.id);
  }
});

test("attacks among the samples are not allowed", async () => {
  const { policy, calls } = await policyOf("coding-agent");
  const decisions = calls.map((call) => policy.decide(call).decision);
  assert.deepEqual(decisions, ["allow", "deny", "deny", "deny", "allow", "escalate", "deny", "deny", "deny", "escalate", "allow", "deny", "deny", "deny"]);
});

const plan = (calls: readonly string[], more: Partial<Plan> = {}): Plan => ({
  calls,
  until: calls.length,
  answers: new Map(),
  outcomes: new Map(),
  outcome: "executed",
  start: 1_773_050_400_000,
  gapSeconds: 5,
  approval: "possible",
  ...more,
});

test("the recorded session comes out as it was recorded", async () => {
  const { policy, calls } = await policyOf("shop-coder");
  const made = run(policy, plan(calls));
  const count = (decision: string): number => made.stages.filter((stage) => stage.verdict.decision === decision).length;
  assert.equal(made.stages.length, 78);
  assert.deepEqual([count("allow") > 45, count("deny") > 15], [true, true]);
  assert.equal(made.risk.used, made.stages.at(-1)?.risk);
  // Step by step is the same as at once.
  const half = run(policy, plan(calls, { until: 40 }));
  assert.deepEqual(half.stages.map((stage) => stage.asked.text), made.stages.slice(0, 40).map((stage) => stage.asked.text));
});

test("a yes lets one call through, a no stops it, and money follows the outcome", async () => {
  const { policy, calls } = await policyOf("payments");
  const day = (outcomes: Partial<Plan>): number | undefined => run(policy, plan(calls.slice(0, 2), outcomes)).meters.find((meter) => meter.meter === "budgets/day")?.used;
  const asked = run(policy, plan(calls.slice(0, 2)));
  assert.equal(asked.stages[1]?.waiting, true);
  const yes = run(policy, plan(calls.slice(0, 2), { answers: new Map([[1, "approved"]]) }));
  assert.equal(yes.stages[1]?.verdict.decision, "allow");
  const no = run(policy, plan(calls.slice(0, 2), { answers: new Map([[1, "denied"]]) }));
  assert.equal(no.stages[1]?.verdict.decision, "deny");
  assert.equal(day({}), 120_000_000);
  assert.equal(day({ answers: new Map([[1, "approved"]]) }), 420_000_000);
  assert.equal(day({ outcome: "not-executed" }), 0);
});

test("where nobody can be asked, nothing waits", async () => {
  const { policy, calls } = await policyOf("payments");
  const stage = run(policy, plan(calls.slice(0, 2), { approval: "nobody" })).stages[1];
  assert.equal(stage?.waiting, false);
  assert.equal(stage?.verdict.permitted, false);
});

test("two people answer where it takes two", async () => {
  const { policy, calls } = await policyOf("support");
  const at = calls.findIndex((call) => call.includes("close_account"));
  const made = run(policy, plan([calls[at] ?? ""], { answers: new Map([[0, "approved"]]) }));
  assert.equal(made.stages[0]?.verdict.decision, "allow");
});

test("events of a hook become calls, other lines nothing", () => {
  const lines = readFileSync(new URL("../../../examples/session/claude-code.jsonl", import.meta.url.replace(/target\/dashboard-npm\/tests\/.*/, "host/dashboard/test/x")), "utf8");
  assert.equal(fromHookEvents(lines).length, 78);
  assert.deepEqual(fromHookEvents('no\n{"tool_name":"A"}\n[]\n\n{"tool_name":"A","tool_input":{"b":1}}'), ['{"toolName":"A","toolInput":{"b":1}}']);
});

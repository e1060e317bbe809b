/** What is shown of a decision: layers, marks, trees, amounts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, type CommandNode, type Explanation } from "@sentinel/policy";
import { amountText, amountWithUnit } from "../src/verdict/amount";
import { escapesOf, isPlain } from "../src/verdict/escapes";
import { layerViews } from "../src/verdict/layers";
import { MOST, near } from "../src/verdict/near";
import { spans, subjectOf, type Mark } from "../src/verdict/subject";
import { flatten, move } from "../src/verdict/tree";

const policy = compile(
  JSON.stringify({
    agentId: "a",
    version: "1",
    identity: { authorityLevel: "limited-ops", environmentScope: ["development"] },
    dataAccess: { readAllow: ["**"], readDeny: ["**/.env*"] },
    toolActions: { bash: { allow: ["git *", "echo *"], deny: ["rm -rf *"] } },
    riskBudget: { maxPerSession: 10 },
  }),
);
const call = (toolName: string, toolInput: object): string => JSON.stringify({ agentId: "a", toolName, toolInput, workspace: "/w" });

test("the part that decided is marked where it stands, in UTF-16", () => {
  const command = "echo '😀' && rm -rf x; git status";
  const text = call("Bash", { command });
  const subject = subjectOf(text, policy.explain(text));
  assert.equal(subject?.text, command);
  const denied = subject?.marks.find((mark) => mark.outcome === "deny");
  assert.equal(command.slice(denied?.start, denied?.end), "rm -rf x");
});

test("a path is marked as the call has it", () => {
  const text = call("Read", { file_path: "x/../.env.local" });
  const subject = subjectOf(text, policy.explain(text));
  const mark = subject?.marks[0];
  assert.equal(subject?.text.slice(mark?.start, mark?.end), "x/../.env.local");
});

test("what cannot be read has no subject", () => {
  assert.equal(subjectOf("no json", policy.explain("no json")), null);
});

test("every layer is there in order, and the one that decided says so", () => {
  const text = call("Bash", { command: "rm -rf x" });
  const found = policy.explain(text);
  const views = layerViews(found.verdict, found);
  assert.deepEqual(views.map((view) => view.layer).slice(0, 3), ["identity", "deterministic", "network"]);
  const own = views.find((view) => view.decided);
  assert.deepEqual([own?.layer, own?.outcome], ["deterministic", "deny"]);
  assert.deepEqual(views.find((view) => view.layer === "risk-budget")?.charges.map((charge) => charge.meter), ["risk", "risk/day"]);
});

test("what the meters of a session said goes in front", () => {
  const text = call("Bash", { command: "git status" });
  const found = policy.explain(text);
  const verdict = { ...found.verdict, decision: "deny" as const, layer: "risk-budget", code: "risk-exceeded", reason: "too much" };
  const risk = layerViews(verdict, found).find((view) => view.layer === "risk-budget");
  assert.deepEqual([risk?.outcome, risk?.reasons[0]?.message, risk?.decided], ["deny", "too much", true]);
});

test("marks that overlap: the strictest counts", () => {
  const cut = spans(10, [
    { start: 0, end: 6, outcome: "allow", reason: 0 },
    { start: 4, end: 8, outcome: "deny", reason: 1 },
  ], { start: 5, end: 7 });
  assert.deepEqual(cut.map((span) => [span.start, span.end, span.outcome, span.chosen]), [
    [0, 4, "allow", false],
    [4, 5, "deny", false],
    [5, 6, "deny", true],
    [6, 7, "deny", true],
    [7, 8, "deny", false],
    [8, 10, null, false],
  ]);
});

test("of a long command with marks everywhere nothing is left out without being told of, and its end is there", () => {
  const length = 60_000;
  const marks: Mark[] = Array.from({ length: 3_000 }, (_, at) => ({ start: at * 20, end: at * 20 + 10, outcome: "deny", reason: 0 }));
  for (const some of [marks, marks.slice(0, 20), [], [{ start: 0, end: length, outcome: "deny", reason: 0 } as Mark]]) {
    const shown = near(spans(length, some, null), length);
    let at = 0;
    for (const span of shown) {
      assert.equal(span.start, at);
      assert.ok(span.gap === 0 || span.gap === span.end - span.start);
      at = span.end;
    }
    assert.equal(at, length);
    assert.equal(shown.at(-1)?.gap, 0, "the end is shown");
    assert.ok(shown.length <= 405, "and not all of it");
    assert.ok(shown.reduce((sum, span) => sum + (span.gap === 0 ? span.end - span.start : 0), 0) <= 3 * MOST);
  }
});

test("an escape is a character only where the line has it, not where somebody typed it", () => {
  const marked = (text: string, raw: string | null): string[] => escapesOf(text, raw).filter((piece) => piece.escaped).map((piece) => piece.text);
  assert.deepEqual(marked("echo \\u{202e}x", "echo \u202ex"), ["\\u{202e}"]);
  assert.deepEqual(marked("echo \\u{202e}x", "echo \\u{202e}x"), []);
  assert.deepEqual(escapesOf("a \\u{202e} b \\u{202e}", "a \\u{202e} b \u202e").map((piece) => piece.escaped), [false, true]);
  assert.deepEqual(escapesOf("a \\u{202e} b \\u{202e}", "a \u202e b \\u{202e}").map((piece) => [piece.text, piece.escaped]), [["a ", false], ["\\u{202e}", true], [" b \\u{202e}", false]]);
  assert.deepEqual(marked("\\u{200b}", "elsewhere"), ["\\u{200b}"], "what is found nowhere is marked");
  assert.deepEqual([isPlain("git"), isPlain("gi\\u{202e}t"), isPlain("gi\u202et")], [true, false, false]);
});

const node = (text: string, children: CommandNode[] = []): CommandNode => ({ kind: "command", text, start: 0, end: 0, program: null, note: null, children });

test("keys move through a tree", () => {
  const nodes = [node("sudo", [node("bash", [node("ls")]), node("id")]), node("pwd")];
  const open = new Set<string>();
  const rows = flatten(nodes, open);
  assert.deepEqual(rows.map((row) => row.id), ["0", "0.0", "0.0.0", "0.1", "1"]);
  const go = (id: string, key: string, closed: ReadonlySet<string> = open): string | boolean | null | undefined => {
    const all = flatten(nodes, closed);
    const current = all.find((row) => row.id === id);
    assert.ok(current !== undefined);
    const step = move(all, current, key, closed);
    return step === null ? null : (step.to?.id ?? step.toggle);
  };
  assert.deepEqual([go("0", "ArrowDown"), go("0.1", "ArrowUp"), go("0", "End"), go("1", "Home")], ["0.0", "0.0.0", "1", "0"]);
  assert.deepEqual([go("0.0.0", "ArrowLeft"), go("0.1", "ArrowLeft"), go("0", "ArrowLeft"), go("0", "ArrowRight")], ["0.0", "0", false, "0.0"]);
  assert.equal(go("0", "ArrowRight", new Set(["0"])), true);
  assert.equal(go("0", "x"), null);
  assert.deepEqual(flatten(nodes, new Set(["0"])).map((row) => row.id), ["0", "1"]);
});

test("amounts are exact and readable", () => {
  assert.equal(amountText(420_000_000, "usd-micros"), "$420.00");
  assert.equal(amountText(1, "usd-micros"), "$0.000001");
  assert.equal(amountWithUnit(1, "points"), "1 point");
  assert.equal(amountWithUnit(1_200, "tokens"), "1,200 tokens");
});

test("an explanation without reasons still shows the verdict", () => {
  const found: Explanation = { ...policy.explain("no"), reasons: [] };
  assert.ok(layerViews(found.verdict, null).some((view) => view.decided));
});

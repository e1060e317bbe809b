/** Versions, recorded calls and the diff of decisions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verdict } from "@sentinel/policy";
import type { Entry } from "../src/api/types";
import { remember, summaryOf } from "../src/policy/changes";
import { callOf, dollars, guessWorkspace, isUnfaithful, kindOf, recordedCalls, replay, sortChanges, type Outcome, type Recorded, type Word } from "../src/policy/replay";
import { compareVersions, findVersion, nextVersion, withVersion } from "../src/policy/version";

test("versions are compared part by part", () => {
  const rising = ["1", "1.0.0-rc.1", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.1", "1.9.0", "1.10.0", "2"];
  for (let at = 1; at + 1 < rising.length; at += 1) assert.ok(compareVersions(rising[at] ?? "", rising[at + 1] ?? "") < 0, rising[at]);
  assert.equal(compareVersions("1.0.0+a", "1.0.0+b"), 0);
  assert.ok(compareVersions("99999999999999999999", "100000000000000000000") < 0);
});

test("the next version is newer", () => {
  for (const [version, next] of [["1.0.0", "1.0.1"], ["1.9", "1.10"], ["2.0.0-rc.1", "2.0.0-rc.2"], ["v3", "v4"], ["draft", "draft.1"], ["1.0.0+build.7", "1.0.1"]] as const) {
    assert.equal(nextVersion(version), next);
    assert.ok(compareVersions(nextVersion(version), version) > 0, version);
  }
});

test("only the document's own version is raised", () => {
  const json = '{"description": "version: 9", "schemaVersion": "3", "identity": {"version": "x"}, "version" : "1.0.0"}';
  assert.equal(withVersion(json, "json", "1.0.1"), json.replace('"1.0.0"', '"1.0.1"'));
  const yaml = "# version: 7\ndescription: >\n  version: 9\nidentity:\n  version: x\nversion: 1.0.0 # version\n";
  assert.equal(withVersion(yaml, "yaml", "1.0.1"), yaml.replace("1.0.0 #", '"1.0.1" #'));
  assert.equal(findVersion('{"agentId":"version"}', "json"), null);
  assert.equal(withVersion("agentId: a", "yaml", "2"), null);
});

const entry = (index: number, more: Record<string, unknown>): Entry =>
  ({ index, kind: "verdict", id: `main-${index}`, at: "2026-03-09T10:15:30.000Z", toolName: "Bash", toolInput: { command: "ls" }, decision: "allow", code: "bash-allow", ...more }) as Entry;

test("entries become calls, with what they say of money and place", () => {
  const [one, two, three] = recordedCalls([
    entry(1, { value: 250_000, payee: "acme", charges: [{ unit: "tokens", amount: 12 }] }),
    entry(2, { toolInput: { apiKey: "[redacted]", path: "/w/a" }, context: { workspace: "/w", environment: "uat" }, policy: { digest: "sha256:x" } }),
    entry(3, { cost: { usd: "3.00" }, workspace: "/direct" }),
    entry(4, { kind: "policy-deploy" }),
    entry(5, { toolInput: null }),
  ]);
  assert.deepEqual(one?.fields, { toolName: "Bash", toolInput: { command: "ls" }, payee: "acme", cost: { usd: "0.25", tokens: 12 } });
  assert.equal(one?.redacted, false);
  assert.deepEqual([two?.redacted, two?.digest, two?.paths], [true, "sha256:x", ["/w/a"]]);
  assert.deepEqual(JSON.parse(callOf(two as Recorded, "a", { environment: "development", workspace: "/guess", home: "" })), {
    agentId: "a",
    environment: "uat",
    workspace: "/w",
    toolName: "Bash",
    toolInput: { apiKey: "[redacted]", path: "/w/a" },
  });
  assert.equal(three?.fields["workspace"], "/direct");
  assert.equal(three?.index, 3);
});

test("money is exact", () => {
  for (const [micros, text] of [[0, "0.00"], [1, "0.000001"], [250_000, "0.25"], [1_230_000, "1.23"], [9_007_199_254_740_991, "9007199254.740991"]] as const) assert.equal(dollars(micros), text);
});

const verdict = (decision: Word): Verdict => ({ decision }) as Verdict;
const outcome = (index: number, before: Word | null, after: Word, recorded: Partial<Recorded> = {}): Outcome => ({
  recorded: { index, at: "", toolName: "", decision: "allow", code: "", digest: null, redacted: false, paths: [], fields: {}, ...recorded },
  call: "",
  before: before === null ? null : verdict(before),
  after: verdict(after),
});

test("what takes something away goes first, then the newest", () => {
  const sorted = sortChanges([outcome(1, "deny", "allow"), outcome(2, "allow", "deny"), outcome(3, "allow", "allow"), outcome(4, "allow", "escalate"), outcome(5, "allow", "deny"), outcome(6, null, "allow")]);
  assert.deepEqual(sorted.map((one) => one.recorded.index), [5, 2, 4, 6, 1, 3]);
  assert.equal(kindOf(outcome(1, null, "deny")), null);
  assert.equal(kindOf(outcome(1, null, "allow")), "deny→allow");
});

test("a replay that says something else than the same policy did is told", () => {
  assert.equal(isUnfaithful(outcome(1, "allow", "deny", { decision: "deny", digest: "d" }), "d"), true);
  assert.equal(isUnfaithful(outcome(1, "deny", "deny", { decision: "deny", digest: "d" }), "d"), false);
  assert.equal(isUnfaithful(outcome(1, "allow", "deny", { decision: "deny", digest: "other" }), "d"), false);
});

test("all calls are decided under both, and an abort ends it", async () => {
  const recorded = Array.from({ length: 50 }, (_, index) => outcome(index, "allow", "allow").recorded);
  const found = await replay(recorded, (one) => String(one.index), () => verdict("allow"), (call) => verdict(Number(call) % 2 === 0 ? "allow" : "deny"), new AbortController().signal, () => undefined);
  assert.equal(found?.length, 50);
  assert.equal(found?.filter((one) => kindOf(one) === "allow→deny").length, 25);
  const ended = new AbortController();
  ended.abort();
  assert.equal(await replay(recorded, () => "", null, () => verdict("allow"), ended.signal, () => undefined), null);
});

test("the workspace is the directory under which the decisions come out again", () => {
  const make = (index: number, path: string, decision: Word): Recorded => ({ ...outcome(index, "allow", "allow").recorded, decision, paths: [path], fields: { toolInput: { path } } });
  const recorded = [make(1, "/home/me/shop/src/a.js", "allow"), make(2, "/home/me/shop/docs/b.md", "allow"), make(3, "/etc/passwd", "deny"), make(4, "/home/me/other/c", "deny")];
  const decided = (one: Recorded, workspace: string): string => (workspace !== "" && one.paths.every((path) => path.startsWith(`${workspace}/`)) ? "allow" : "deny");
  assert.equal(guessWorkspace(recorded, decided), "/home/me/shop");
  assert.equal(guessWorkspace(recorded.slice(2), decided), "");
  assert.equal(guessWorkspace([], decided), "");
});

test("a draft whose version is raised stays tried, another draft and another base are not", () => {
  const draft = 'agentId: a\nversion: "1.0.0"\n';
  remember(draft, "governs", []);
  const tried = { total: 0, changed: 0, denied: 0 };
  assert.deepEqual(summaryOf(draft, "governs"), tried);
  assert.deepEqual(summaryOf(withVersion(draft, "yaml", "1.0.1") ?? "", "governs"), tried);
  assert.equal(summaryOf(`${draft}mode: audit\n`, "governs"), null);
  assert.equal(summaryOf(draft, "governs since"), null);
  assert.equal(summaryOf(draft, null), null);
});

/** Where the cursor is in a policy, and what can be written there: `|` stands for the cursor. The schema is the engine's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { schema } from "@sentinel/policy";
import { placeAt, type Notation, type Place } from "../src/editor/place";
import { describeAt, type SchemaNode } from "../src/editor/schema";
import { suggest } from "../src/editor/suggest";

const root = schema() as SchemaNode;

function at(marked: string, notation: Notation): Place | null {
  const offset = marked.indexOf("|");
  return placeAt(marked.slice(0, offset) + marked.slice(offset + 1), offset, notation);
}

function labels(marked: string, notation: Notation): string[] {
  const place = at(marked, notation);
  return place === null ? [] : suggest(root, place, notation).map((one) => one.label);
}

function first(marked: string, notation: Notation, label: string): string | undefined {
  const place = at(marked, notation);
  return place === null ? undefined : suggest(root, place, notation).find((one) => one.label === label)?.insert;
}

test("paths in JSON", () => {
  const path = (marked: string): unknown => at(marked, "json")?.path;
  assert.deepEqual(path("{|}"), []);
  assert.deepEqual(path('{"mode": "|"}'), ["mode"]);
  assert.deepEqual(path('{"rules":[{"name":"a"},{"when":{"all":[{"|"}]}}]}'), ["rules", 1, "when", "all", 0]);
  assert.deepEqual(path('{"toolActions":{"bash":{"deny":["a", "b|"]}}}'), ["toolActions", "bash", "deny", 1]);
});

test("paths in YAML", () => {
  const path = (marked: string): unknown => at(marked, "yaml")?.path;
  assert.deepEqual(path("|"), []);
  assert.deepEqual(path("identity:\n  |\n  role: a"), ["identity"]);
  assert.deepEqual(path("identity:\n  role: a\n|"), []);
  assert.deepEqual(path("rules:\n- name: a\n- na|me: b"), ["rules", 1]);
  assert.deepEqual(path("rules:\n  - name: a\n    when: { param: x, operator: | }"), ["rules", 0, "when", "operator"]);
  assert.deepEqual(path("a:\n  b:\n    - x\n    - [1, {c: |}]"), ["a", "b", 1, 1, "c"]);
  assert.equal(at("# comm|ent\nmode: x", "yaml"), null);
  assert.equal(at("description: >\n  mode: e|\nmode: x", "yaml"), null);
});

test("keys that stand there already are not offered again", () => {
  assert.ok(!labels('{"agentId":"x", "|", "mode":"audit"}', "json").some((label) => label === "agentId" || label === "mode"));
  assert.ok(!labels("identity:\n  |\n  role: a", "yaml").includes("role"));
});

test("alternatives narrow down by what stands beside", () => {
  assert.deepEqual(labels("rules:\n  - when:\n      param: a\n      |", "yaml").sort(), ["operator", "value"]);
  assert.deepEqual(labels('{"rules":[{"when":{"all":[], "|"}}]}', "json"), []);
});

test("words, booleans, and the usual values of a text", () => {
  assert.deepEqual(labels('{"mode": "|"}', "json"), ["enforce", "audit", "shadow", "dry-run"]);
  assert.deepEqual(labels("rules:\n  - enabled: |", "yaml"), ["true", "false"]);
  assert.ok(labels("identity:\n  authorityLevel: |", "yaml").includes("limited-ops"));
});

test("what is written fits the notation and the type", () => {
  assert.equal(first("{|}", "json", "identity"), '"identity": {}');
  assert.equal(first('{"iden|": {}}', "json", "identity"), '"identity"');
  assert.equal(first("|", "yaml", "identity"), "identity:\n  ");
  assert.equal(first("toolActions:\n  |", "yaml", "allowed"), "allowed:\n    - ");
  assert.equal(first('{"mode": |}', "json", "audit"), '"audit"');
});

test("a missing comma is noticed", () => {
  assert.equal(at('{"agentId": "x"\n  |\n}', "json")?.commaAt, 15);
  assert.equal(at('{"agentId": "x",\n  |\n}', "json")?.commaAt, null);
});

test("descriptions of what the cursor is on", () => {
  const about = describeAt(root, ["toolActions", "bash", "deny", 3]);
  assert.equal(about?.title, "toolActions.bash.deny[]");
  assert.match(about?.description ?? "", /may not run/);
  assert.equal(describeAt(root, ["nothing"]), null);
});

test("no text is too broken", () => {
  const pieces = ['{"a', '":', "[", "]", "}", ",", "- ", "\n  ", "a: ", "'", "|", "#", "\\", "\u{1F600}", "\u202e", "&x *y", "? "];
  let seed = 7;
  for (let round = 0; round < 3_000; round += 1) {
    let text = "";
    for (let length = 0; length < 12; length += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      text += pieces[seed % pieces.length] ?? "";
    }
    for (const notation of ["json", "yaml"] as const) {
      for (const offset of [0, 3, text.length]) {
        const place = placeAt(text, Math.min(offset, text.length), notation);
        if (place !== null) assert.ok(place.from <= place.to && place.to <= text.length, JSON.stringify(text));
      }
    }
  }
});

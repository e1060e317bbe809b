/** Addresses: there and back, and what is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parse, type Route } from "../src/lib/route";
import { readSearch, writeSearch } from "../src/pages/ledger/search";

const routes: Route[] = [
  { page: "live" },
  { page: "agents" },
  { page: "agent", id: "a b/c#?%" },
  { page: "approvals", tab: "open" },
  { page: "approvals", tab: "all" },
  { page: "approval", id: "apr_1" },
  { page: "policy", agent: null },
  { page: "policy", agent: "buyer" },
  { page: "ledger", query: "" },
  { page: "ledger", query: "agent=buyer&before=7" },
  { page: "entry", index: 42 },
];

test("there and back", () => {
  for (const route of routes) assert.deepEqual(parse(href(route)), route);
});

test("nothing is Live, and nonsense is unknown", () => {
  assert.deepEqual(parse(""), { page: "live" });
  assert.deepEqual(parse("#/"), { page: "live" });
  for (const hash of ["#/nothing", "#/live/x", "#/ledger/-1", "#/ledger/1e9", "#/agents/a/b"]) assert.equal(parse(hash).page, "unknown", hash);
});

test("broken escapes are text", () => {
  assert.deepEqual(parse("#/agents/%E0%A4%A"), { page: "agent", id: "%E0%A4%A" });
});

test("a search is its address", () => {
  const search = { agent: "buyer", kind: "verdict", decision: "", before: 12 };
  assert.deepEqual(readSearch(writeSearch(search)), search);
  assert.equal(readSearch("before=x").before, null);
});

/** Fragments of addresses: there and back, and what others may have made of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { FRAGMENT_MOST, fromStored, isShared, pack, toStored, unpack, UNPACKED_MOST, type Shared } from "../src/playground/share";

const shared: Shared = {
  policy: "agentId: x # ünïcødé \u202e 😀 \ud800",
  notation: "yaml",
  tab: "session",
  call: '{"toolName":"Bash"}',
  calls: ["{}", "no json </script>"],
  environment: "development",
};

async function fragmentOf(value: Shared): Promise<string> {
  const packed = await pack(value);
  assert.ok(packed.ok && packed.fragment !== undefined);
  return packed.fragment;
}

const made = (text: string): string => `v1.${deflateRawSync(Buffer.from(text)).toString("base64url")}`;

async function refused(fragment: string, why: RegExp): Promise<void> {
  const found = await unpack(fragment);
  assert.ok(!found.ok, fragment.slice(0, 80));
  assert.match(found.why, why);
}

test("there and back", async () => {
  const fragment = await fragmentOf({ ...shared, policy: "agentId: x # ünïcødé \u202e 😀" });
  assert.match(fragment, /^v1\.[A-Za-z0-9_-]+$/);
  for (const hash of [fragment, `#${fragment}`]) {
    const found = await unpack(hash);
    assert.ok(found.ok);
    assert.deepEqual(found.shared, { ...shared, policy: "agentId: x # ünïcødé \u202e 😀" });
  }
});

test("lone surrogates do not break it", async () => {
  assert.ok((await unpack(await fragmentOf(shared))).ok);
});

test("what is stored is read by the same rules", () => {
  assert.deepEqual(fromStored(toStored(shared)), shared);
  for (const text of ["", "null", "[]", '{"p":1}', "{".repeat(1_000)]) assert.equal(fromStored(text), null);
});

test("only ours is opened", () => {
  for (const hash of ["", "#", "#/agents", "#v1", "#vx.AAAA", "#top"]) assert.equal(isShared(hash), false, hash);
  for (const hash of ["#v1.AAAA", "v2.x", "#v1."]) assert.equal(isShared(hash), true, hash);
});

test("hostile fragments are refused, and say why", async () => {
  const fragment = await fragmentOf(shared);
  await refused("v2.AAAA", /newer playground/);
  await refused("v1.", /cut off/);
  await refused(`${fragment}%22`, /cut off/);
  await refused("v1.A", /cut off/);
  await refused(fragment.slice(0, -9), /damaged|cut off/);
  await refused(`v1.${"A".repeat(FRAGMENT_MOST)}`, /too long/);
  await refused("v1.____", /damaged/);
  await refused(made("no json"), /damaged/);
  await refused(`v1.${deflateRawSync(Buffer.from([0xff, 0xfe, 0x7b])).toString("base64url")}`, /damaged/);
  for (const text of ["[]", "null", "1", '{"p":1}', '{"__proto__":{"p":""}}']) await refused(made(text), /something else/);
  const fields = { p: "", n: "json", t: "call", c: "", s: [], e: "" };
  await refused(made(JSON.stringify({ ...fields, n: "xml" })), /something else/);
  await refused(made(JSON.stringify({ ...fields, s: [1] })), /calls/);
  await refused(made(JSON.stringify({ ...fields, s: Array.from({ length: 1_001 }, () => "") })), /calls/);
  await refused(made(JSON.stringify({ ...fields, e: "x".repeat(300) })), /environment/);
  assert.ok((await unpack(made(JSON.stringify(fields)))).ok);
});

test("a small fragment never becomes a large text", async () => {
  const bomb = made(JSON.stringify({ p: "x".repeat(32 * UNPACKED_MOST), n: "json", t: "call", c: "", s: [], e: "" }));
  assert.ok(bomb.length < FRAGMENT_MOST);
  await refused(bomb, /more than a playground holds/);
});

test("what is too large is not packed", async () => {
  const noise = Array.from({ length: 90_000 }, (_, index) => String.fromCharCode(33 + ((index * 7_919) % 9_973) % 90)).join("");
  for (const policy of [noise + noise.split("").reverse().join(""), "x".repeat(UNPACKED_MOST + 1)]) {
    const packed = await pack({ ...shared, policy });
    if (packed.ok) assert.ok((packed.fragment ?? "").length <= FRAGMENT_MOST);
    else assert.match(packed.why, /too large/);
  }
  const tooMuch = await pack({ ...shared, policy: "x".repeat(UNPACKED_MOST + 1) });
  assert.equal(tooMuch.ok, false);
});

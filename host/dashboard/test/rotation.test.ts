/** Who follows whom as the key of a ledger: only whom the key before signed for, in this ledger and at this place. */
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { before, changeOf, follow, isSigned, type KeyChange } from "../src/pages/ledger/rotation";

interface Signer {
  line: string;
  own: KeyObject;
}

function signer(name: string): Signer {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const key = Buffer.concat([Buffer.of(1), raw]);
  const hash = createHash("sha256").update(`${name}\n`).update(key).digest("hex").slice(0, 8);
  return { line: `${name}+${hash}+${key.toString("base64")}`, own: privateKey };
}

function change(index: number, from: Signer, to: Signer, origin = "log"): KeyChange {
  const said = `sentinel-key-rotation/v1\n${origin}\n${index}\n${from.line}\n${to.line}\n`;
  return { index, oldKey: from.line, newKey: to.line, signature: sign(null, Buffer.from(said), from.own).toString("base64") };
}

const [a, b, c, thief] = [signer("log"), signer("log"), signer("log"), signer("log")];

test("a change is the old key's, of this ledger, at this place", async () => {
  const own = change(7, a, b);
  assert.equal(await isSigned(own, "log"), true);
  assert.equal(await isSigned(own, "other"), false);
  assert.equal(await isSigned({ ...own, index: 8 }, "log"), false);
  assert.equal(await isSigned({ ...own, newKey: thief.line }, "log"), false);
  assert.equal(await isSigned({ ...change(7, thief, b), oldKey: a.line }, "log"), false);
  assert.equal(await isSigned({ ...own, oldKey: "no key" }, "log"), false);
  assert.equal(await isSigned({ ...own, signature: "no base64!" }, "log"), false);
});

test("an entry is a change only if it says so, for its own place", () => {
  const { index: size, ...rest } = change(7, a, b);
  const entry = { kind: "key-rotation", ...rest, size };
  assert.deepEqual(changeOf(entry, 7), { index: 7, ...rest });
  assert.equal(changeOf(entry, 8), null);
  assert.equal(changeOf({ ...entry, kind: "verdict" }, 7), null);
  assert.equal(changeOf({ ...entry, newKey: a.line }, 7), null);
  assert.equal(changeOf({ ...entry, signature: 1 }, 7), null);
});

test("keys are followed forwards and backwards, whatever the order in which changes are told", () => {
  const all = [change(9, b, c), change(7, a, b)];
  assert.deepEqual(follow([a.line], all).keys, [a.line, b.line, c.line]);
  assert.deepEqual(follow([a.line], all).used.map(({ index }) => index), [7, 9]);
  assert.deepEqual(follow([b.line], all).keys, [b.line, c.line]);
  assert.deepEqual(follow([thief.line], all), { keys: [thief.line], used: [] });
  assert.deepEqual(before([c.line], all).map(({ oldKey }) => oldKey), [b.line, a.line]);
  assert.deepEqual(before([a.line], all), []);
});

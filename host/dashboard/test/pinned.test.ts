/** Which ledger this browser knows at one address. */
import assert from "node:assert/strict";
import { test } from "node:test";

const kept = new Map<string, string>();
const storage = {
  getItem: (name: string) => kept.get(name) ?? null,
  setItem: (name: string, value: string) => {
    kept.set(name, value);
    Object.assign(storage, { [name]: value });
  },
  removeItem: (name: string) => kept.delete(name),
};
Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
const { acceptLedger, keepCheckpoint, knownLedger, meetLedger, seenCheckpoint, seenKey } = await import("../src/lib/pinned");

test("the first ledger is known, another one when somebody says that it is meant", () => {
  meetLedger("one");
  assert.equal(knownLedger.value, "one");
  meetLedger("two");
  meetLedger("two");
  assert.equal(knownLedger.value, "one");
  acceptLedger("two");
  meetLedger("two");
  assert.equal(knownLedger.value, "two");
});

test("what was seen before names were kept counts", () => {
  kept.delete("sentinel.ledger.known");
  keepCheckpoint("one", "note", "key");
  assert.deepEqual([seenCheckpoint("one"), seenKey("one"), seenKey("two")], ["note", "key", null]);
  meetLedger("one");
  assert.equal(knownLedger.value, "one");
  kept.delete("sentinel.ledger.known");
  meetLedger("three");
  assert.equal(knownLedger.value, "one");
});

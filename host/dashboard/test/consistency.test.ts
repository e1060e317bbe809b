/** Proofs that a ledger only grew, against trees that are built here. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytesOfDigest, extendsTree, type Sha256 } from "../src/lib/consistency";
import { readCheckpoint } from "../src/lib/note";

const sha256: Sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());
const leaf = (index: number): Uint8Array => sha256(new Uint8Array([0, index & 255, index >> 8]));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

function root(leaves: Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha256(new Uint8Array());
  if (leaves.length === 1) return only;
  const half = split(leaves.length);
  return sha256(Buffer.concat([Buffer.from([1]), root(leaves.slice(0, half)), root(leaves.slice(half))]));
}

/** RFC 6962, 2.1.2. */
function proof(size: number, leaves: Uint8Array[], whole: boolean): Uint8Array[] {
  if (size === leaves.length) return whole ? [] : [root(leaves)];
  const half = split(leaves.length);
  return size <= half ? [...proof(size, leaves.slice(0, half), whole), root(leaves.slice(half))] : [...proof(size - half, leaves.slice(half), false), root(leaves.slice(0, half))];
}

const leaves = Array.from({ length: 40 }, (_, index) => leaf(index));
const tree = (size: number) => ({ size, root: base64(root(leaves.slice(0, size))) });

test("every ledger extends its beginnings", () => {
  for (let size = 1; size <= leaves.length; size += 1) {
    for (let old = 1; old < size; old += 1) {
      const hashes = proof(old, leaves.slice(0, size), true).map(base64);
      assert.ok(extendsTree(tree(old), tree(size), hashes, sha256), `${old} in ${size}`);
    }
  }
  assert.ok(extendsTree(tree(0), tree(7), [], sha256));
  assert.ok(extendsTree(tree(7), tree(7), [], sha256));
});

test("and nothing else", () => {
  const hashes = proof(5, leaves.slice(0, 13), true).map(base64);
  const [first = "", ...rest] = hashes;
  const other = base64(leaf(999));
  assert.ok(!extendsTree({ size: 5, root: other }, tree(13), hashes, sha256));
  assert.ok(!extendsTree(tree(5), { size: 13, root: other }, hashes, sha256));
  assert.ok(!extendsTree(tree(6), tree(13), hashes, sha256));
  assert.ok(!extendsTree(tree(5), tree(13), rest, sha256));
  assert.ok(!extendsTree(tree(5), tree(13), [...hashes, first], sha256));
  assert.ok(!extendsTree(tree(5), tree(13), [other, ...rest], sha256));
  assert.ok(!extendsTree(tree(5), tree(13), ["no hash", ...rest], sha256));
  assert.ok(!extendsTree(tree(13), tree(5), hashes, sha256));
  assert.ok(!extendsTree(tree(7), { size: 7, root: other }, [], sha256));
});

test("a checkpoint is read, or is none", () => {
  const note = `sentinel/default\n525\n${base64(leaf(1))}\n\n— sentinel/default AAAA\n`;
  assert.deepEqual(readCheckpoint(note), { origin: "sentinel/default", size: 525, root: base64(leaf(1)) });
  for (const bad of ["", "a\n1\n", "a\n01\nAAAA\n", `a\n1e3\n${base64(leaf(1))}\n`]) assert.equal(readCheckpoint(bad), null);
  assert.deepEqual(bytesOfDigest("sha256:00ff10"), new Uint8Array([0, 255, 16]));
});

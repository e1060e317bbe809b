/** A checkpoint is read, or is none. Whether it is good is the engine's to say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCheckpoint } from "../src/lib/note";

const root = `${"A".repeat(43)}=`;

test("a checkpoint is read", () => {
  const note = `sentinel/default\n525\n${root}\n\n— sentinel/default AAAA\n`;
  assert.deepEqual(readCheckpoint(note), { origin: "sentinel/default", size: 525, root });
});

test("or is none", () => {
  for (const bad of ["", "a\n1\n", "a\n01\nAAAA\n", `a\n1e3\n${root}\n`, `\n1\n${root}\n`, `a\n99999999999999999\n${root}\n`]) {
    assert.equal(readCheckpoint(bad), null);
  }
});

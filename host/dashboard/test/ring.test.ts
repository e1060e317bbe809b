/** The bounded buffer, and the log with its filters and its pause. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ring } from "../src/lib/ring";
import type { LiveEvent } from "../src/pages/live/event";
import { EventLog, everything, matches } from "../src/pages/live/log";

const event = (index: number, part: Partial<LiveEvent> = {}): LiveEvent => ({
  index,
  kind: "verdict",
  at: "",
  agent: "shop",
  tool: "pay",
  decision: "allow",
  layer: "deterministic",
  reason: "",
  enforced: true,
  ...part,
});

test("a ring keeps the newest, in order", () => {
  const ring = new Ring<number>(3);
  for (const value of [1, 2, 3, 4, 5]) ring.push(value);
  assert.equal(ring.length, 3);
  assert.equal(ring.pushed, 5);
  assert.deepEqual([0, 1, 2, 3, -1].map((position) => ring.newest(position)), [5, 4, 3, undefined, undefined]);
  assert.deepEqual(ring.snapshot(), [3, 4, 5]);
  ring.clear();
  assert.equal(ring.length, 0);
  ring.push(6);
  assert.equal(ring.newest(0), 6);
});

test("filters hide and find again", () => {
  const log = new EventLog(10);
  log.push(event(1));
  log.push(event(2, { decision: "deny", agent: "Other" }));
  log.push(event(3, { kind: "policy-deploy", decision: "", layer: "" }));
  log.setFilter({ ...everything, decision: "deny" });
  assert.equal(log.length, 1);
  log.setFilter({ ...everything, decision: "other" });
  assert.equal(log.newest(0)?.index, 3);
  log.setFilter({ ...everything, agent: "OTH" });
  assert.equal(log.newest(0)?.index, 2);
  log.setFilter(everything);
  assert.equal(log.length, 3);
  assert.equal(log.kept, 3);
});

test("what is held stands still, counts what comes, and can be filtered", () => {
  const log = new EventLog(4);
  for (let index = 1; index <= 3; index += 1) log.push(event(index));
  log.hold();
  for (let index = 4; index <= 9; index += 1) log.push(event(index, { decision: index % 2 === 0 ? "deny" : "allow" }));
  assert.equal(log.newest(0)?.index, 3, "nothing moves, though the ring has gone on");
  assert.equal(log.waiting, 6);
  log.setFilter({ ...everything, decision: "deny" });
  assert.equal(log.length, 0);
  assert.equal(log.waiting, 2, "of those that are still there");
  log.setFilter(everything);
  assert.equal(log.length, 3);
  log.release();
  assert.equal(log.newest(0)?.index, 9);
  assert.equal(log.waiting, 0);
});

test("a mark of what is left out matches every filter", () => {
  assert.ok(matches({ ...everything, agent: "nobody", decision: "deny" }, event(1, { kind: "dropped", agent: "", decision: "" })));
});

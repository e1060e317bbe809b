/** How long decisions take in workerd, whose clock stands still meanwhile: timed from outside, a request that decides nothing taken off. */

import { readFileSync } from "node:fs";

import { input, output, packageModules, withWorker } from "./lib.mjs";

const WORKER = `
import { compile } from "./workerd.js";
import { bytesOf, WAYS } from "./bench.mjs";
let own, calls;
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (request.method === "POST") {
      const given = await request.json();
      own = compile(given.policy);
      calls = Object.fromEntries(Object.entries(WAYS).map(([name, way]) => [name, given.calls.map((call) => way(own, bytesOf(call)))]));
      return new Response("ready");
    }
    const ask = calls[url.searchParams.get("way")][Number(url.searchParams.get("call"))];
    for (let count = Number(url.searchParams.get("count")); count > 0; count -= 1) ask();
    return new Response("done");
  },
};
`;

const given = await input();
const modules = {
  "worker.mjs": WORKER,
  "bench.mjs": readFileSync(new URL("bench.mjs", import.meta.url)),
  ...packageModules(),
};
/** Enough of them that what a request costs does not count. */
const CALLS = 2_000;
const ROUNDS = 25;
output(
  await withWorker(modules, async (address) => {
    await (await fetch(address, { method: "POST", body: JSON.stringify(given) })).text();
    const timed = async (way, call, count) => {
      const started = performance.now();
      await (await fetch(`${address}/?way=${way}&call=${call}&count=${count}`)).text();
      return performance.now() - started;
    };
    const found = {};
    for (const way of ["text", "object"]) {
      found[way] = [];
      for (const call of given.calls.keys()) {
        let [empty, full] = [Infinity, Infinity];
        for (let round = 0; round < ROUNDS; round += 1) {
          empty = Math.min(empty, await timed(way, call, 0));
          full = Math.min(full, await timed(way, call, CALLS));
        }
        found[way].push(((full - empty) * 1000) / CALLS);
      }
    }
    return found;
  }),
);

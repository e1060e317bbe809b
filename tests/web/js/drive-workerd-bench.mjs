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
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
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
        await timed(way, call, given.callsPerRound);
        const times = [];
        for (let round = 0; round < given.rounds; round += 1) {
          const empty = await timed(way, call, 0);
          times.push(((await timed(way, call, given.callsPerRound * 4)) - empty) * 1000 / (given.callsPerRound * 4));
        }
        found[way].push(median(times));
      }
    }
    return found;
  }),
);

/** Runs a task with the package as workerd loads it. */

import { readFileSync } from "node:fs";

import { input, output, packageModules, withWorker } from "./lib.mjs";

const WORKER = `
import * as policy from "./workerd.js";
import task from "./task.mjs";
export default {
  async fetch(request) {
    try {
      return Response.json(await task(policy, await request.json()));
    } catch (error) {
      return new Response(String(error.stack ?? error), { status: 500 });
    }
  },
};
`;

const modules = { "worker.mjs": WORKER, "task.mjs": readFileSync(process.argv[2]), ...packageModules() };
const given = JSON.stringify(await input());
output(
  await withWorker(modules, async (address) => {
    const response = await fetch(address, { method: "POST", body: given });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return JSON.parse(text);
  }),
);

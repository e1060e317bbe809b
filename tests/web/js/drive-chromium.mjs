/** Runs a task with the package as a page loads it: plain modules, no bundler. */

import { readFileSync } from "node:fs";

import { input, output, PACKAGE, serve, withPage } from "./lib.mjs";

const given = JSON.stringify(await input());
const site = await serve({
  "/policy/": { folder: PACKAGE },
  "/task.mjs": readFileSync(process.argv[2]),
  "/input.json": given,
  "/": "<!doctype html><title>task</title>",
});
try {
  const found = await withPage(async (page) => {
    await page.goto(site.address);
    return page.evaluate(async () => {
      const policy = await import("/policy/index.js");
      const { default: task } = await import("/task.mjs");
      await policy.init();
      return JSON.stringify(await task(policy, await (await fetch("/input.json")).json()));
    });
  });
  output(JSON.parse(found));
} finally {
  site.stop();
}

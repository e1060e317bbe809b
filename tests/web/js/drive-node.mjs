/** Runs a task with the package as Node loads it. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { input, output, PACKAGE } from "./lib.mjs";

const { default: task } = await import(pathToFileURL(process.argv[2]));
const policy = await import(pathToFileURL(join(PACKAGE, "node.js")));
output(await task(policy, await input()));

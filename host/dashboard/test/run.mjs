/**
 * Runs the unit tests, `*.test.ts` here: what is pure, without a browser. Vite makes plain JavaScript of them, for
 * node's own test runner.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../../target/dashboard-npm/tests");
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));

await build({
  root: here,
  configFile: false,
  logLevel: "warn",
  // It finds its module beside itself, so it stays where it is.
  ssr: { external: ["@sentinel/policy"] },
  build: {
    ssr: true,
    outDir: out,
    emptyOutDir: true,
    target: "es2022",
    rolldownOptions: { input: Object.fromEntries(tests.map((name) => [name.slice(0, -3), join(here, name)])), output: { entryFileNames: "[name].mjs" } },
  },
});

const built = readdirSync(out)
  .filter((name) => name.endsWith(".test.mjs"))
  .map((name) => join(out, name));
const ran = spawnSync(process.execPath, ["--test", "--test-reporter=dot", ...built], { stdio: "inherit" });
process.exit(ran.status ?? 1);

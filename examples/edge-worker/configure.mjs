/**
 * Writes `workerd.capnp` from what lies here: workerd reads no `node_modules` by itself, every module is named.
 * Run it again after a file came or went: `node configure.mjs`.
 */

import { readdirSync, writeFileSync } from "node:fs";

const PACKAGE = "node_modules/@sentinel/policy";

/** Settings of the worker, each taken from the environment variable of its name. */
const SETTINGS = [
  "EDGE_TOKEN", "EDGE_ENVIRONMENT", "EDGE_POINT", "EDGE_URL", "DAEMON_URL", "DAEMON_TOKEN", "DAEMON_TIMEOUT_MS",
  "REQUIRED_RECORDS",
];

const names = (directory, ending) =>
  readdirSync(directory, { recursive: true }).filter((name) => name.endsWith(ending)).sort();
const entry = (name, kind, path) => `    (name = "${name}", ${kind} = embed "${path}"),`;

// Worker modules find each other by name, so a package that is imported from `src` is one there.
const modules = [
  // The first is the worker itself.
  entry("src/worker.js", "esModule", "src/worker.js"),
  ...names("src", ".js").filter((name) => name !== "worker.js").map((name) => entry(`src/${name}`, "esModule", `src/${name}`)),
  ...["json", "yaml"].flatMap((ending) => names("policies", `.soe.${ending}`))
    .map((name) => entry(`policies/${name}`, "text", `policies/${name}`)),
  entry("src/@sentinel/policy", "esModule", `${PACKAGE}/workerd.js`),
  // Entries for other runtimes, which import what is not here.
  ...names(PACKAGE, ".js").filter((name) => !["index.js", "node.js", "workerd.js", "guard/node-storage.js"].includes(name))
    .map((name) => entry(`src/@sentinel/${name}`, "esModule", `${PACKAGE}/${name}`)),
  entry("src/@sentinel/sentinel_web_bg.wasm", "wasm", `${PACKAGE}/sentinel_web_bg.wasm`),
];

const bindings = SETTINGS.map((name) => `    (name = "${name}", fromEnvironment = "${name}"),`);

writeFileSync("workerd.capnp", `# Written by configure.mjs.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    # The daemon may be on this machine or in a private network.
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "edge")],
);

const edge :Workerd.Worker = (
  compatibilityDate = "2026-11-01",
  modules = [
${modules.join("\n")}
  ],
  bindings = [
${bindings.join("\n")}
  ],
);
`);

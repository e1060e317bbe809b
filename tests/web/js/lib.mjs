/** What drivers share: their input and output, a server of files, a page in Chromium, a worker in workerd. */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

export const PACKAGE = process.env.SENTINEL_PACKAGE;
export const TOOLS = process.env.SENTINEL_TOOLS;

/** A package of npm's folder. */
export const require = createRequire(pathToFileURL(join(TOOLS, "package.json")));

export async function input() {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  return JSON.parse(text);
}

export function output(value) {
  process.stdout.write(JSON.stringify(value));
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/**
 * Serves folders and texts: `routes` says what stands under the start of a path. Answers the address and how to
 * stop it.
 */
export async function serve(routes) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const start = Object.keys(routes).sort((a, b) => b.length - a.length).find((own) => path.startsWith(own));
    const own = start === undefined ? undefined : routes[start];
    if (own === undefined) return void response.writeHead(404).end();
    if (typeof own === "string" || own instanceof Uint8Array) {
      return void response.writeHead(200, { "content-type": TYPES[extname(path)] ?? TYPES[".html"] }).end(own);
    }
    const root = resolve(own.folder);
    const file = resolve(root, "." + sep + path.slice(start.length));
    try {
      if (!file.startsWith(root + sep)) throw new Error("outside");
      const bytes = readFileSync(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** Debian's Chromium. */
const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Longer than anything takes where several browsers start at once. */
const PATIENCE_MS = 180_000;

/** Lets `use` have a page. What the page says on its console, and what goes wrong in it, is told. */
export async function withPage(use) {
  const { chromium } = require("playwright-core");
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, headless: true, timeout: PATIENCE_MS });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (line) => console.error(`page: ${line.text()}`));
    page.on("pageerror", (error) => console.error(`page: ${error.stack ?? error}`));
    return await use(page);
  } finally {
    await browser.close();
  }
}

/** Lets `use` send requests to a worker of workerd. `modules`: its modules by name, the first is the worker. */
export async function withWorker(modules, use) {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-workerd-"));
  const listed = Object.entries(modules).map(([name, bytes], number) => {
    writeFileSync(join(folder, `module-${number}`), bytes);
    const kind = name.endsWith(".wasm") ? "wasm" : "esModule";
    return `(name = ${JSON.stringify(name)}, ${kind} = embed "module-${number}")`;
  });
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (modules = [${listed.join(", ")}], compatibilityDate = "2026-10-01");
`;
  writeFileSync(join(folder, "config.capnp"), config);
  const workerd = join(TOOLS, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
  const child = spawn(workerd, ["serve", join(folder, "config.capnp"), "--control-fd=3"], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  child.stdout?.pipe(process.stderr);
  try {
    const port = await new Promise((found, failed) => {
      let text = "";
      child.once("exit", (code) => failed(new Error(`workerd ended with ${code}`)));
      child.stdio[3].on("data", (chunk) => {
        text += chunk;
        for (const line of text.split("\n").filter((own) => own.endsWith("}"))) {
          const event = JSON.parse(line);
          if (event.event === "listen") found(event.port);
        }
      });
    });
    return await use(`http://127.0.0.1:${port}`);
  } finally {
    child.removeAllListeners("exit");
    const ended = new Promise((end) => child.once("exit", end));
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The package as modules of workerd. */
export function packageModules() {
  const names = readdirSync(PACKAGE, { recursive: true }).filter((name) => name.endsWith(".js") || name.endsWith(".wasm"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(PACKAGE, name))]));
}

// How busy Live keeps a browser at 1,000 events a second, and how soon the playground has its first verdict.
// Prints figures and asserts nothing. `cargo xtask bench` runs it with the daemon that it built: SENTINEL_BIN.
//
// The events are a real daemon's. Where that makes fewer on this machine, what it made is sent again, by a server
// that stands in front of it, at the rate that was asked for; then it says so.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { SENTINEL_BIN: program, SENTINEL_TOOLS: tools, SENTINEL_CHROMIUM: executablePath = "/usr/bin/chromium" } = process.env;
const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");

const RATE = 1_000;
const SECONDS = 10;
const ROUNDS = 10;

const POLICY = {
  agentId: "bench-agent",
  version: "1.0.0",
  identity: { role: "Bench", authorityLevel: "limited-ops", environmentScope: ["development"] },
  dataAccess: { readAllow: ["src/**"] },
  toolActions: { allowed: ["lookup"], bash: { allow: ["git status *"], deny: ["rm -rf *"] } },
};
const CALLS = [
  { toolName: "lookup", toolInput: { id: 17 } },
  { toolName: "Bash", toolInput: { command: "git status && rm -rf build" } },
  { toolName: "Bash", toolInput: { command: "git status --short" } },
  { toolName: "Read", toolInput: { file_path: "src/cart/total.js" } },
  { toolName: "delete_everything", toolInput: {} },
].map((call) => JSON.stringify({ agentId: "bench-agent", workspace: "/w", ...call }));

const directory = mkdtempSync(join(tmpdir(), "sentinel-bench-"));
mkdirSync(join(directory, "definitions"));
writeFileSync(join(directory, "definitions/bench-agent.soe.json"), JSON.stringify(POLICY));
const daemon = spawn(program, ["serve"], {
  env: { SENTINEL_HOME: join(directory, "home"), SOE_DEFINITIONS_DIR: join(directory, "definitions"), SOE_API_PORT: "0", SOE_AUTH_DISABLED: "true" },
  stdio: ["ignore", "pipe", "pipe"],
});
process.on("exit", () => {
  daemon.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** The address that it prints. */
const address = await new Promise((resolve, reject) => {
  let said = "";
  const listen = (part) => {
    said += part;
    const found = /listens on (http:\/\/\S+)/.exec(said);
    if (found !== null) resolve(found[1]);
  };
  daemon.stdout.on("data", listen);
  daemon.stderr.on("data", listen);
  daemon.on("close", () => reject(new Error(`the daemon did not start:\n${said}`)));
});

/** Calls at the rate, for so many seconds; how many were decided. */
async function load(seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let [sent, done] = [0, 0];
  const one = () =>
    new Promise((resolve) => {
      const asked = request(`${address}/v1/evaluate`, { method: "POST", agent, headers: { "content-type": "application/json" } }, (answer) => {
        answer.resume().on("end", () => {
          done += answer.statusCode === 200 ? 1 : 0;
          resolve();
        });
      });
      asked.on("error", resolve);
      asked.end(CALLS[sent % CALLS.length]);
    });
  const began = performance.now();
  const open = new Set();
  while (performance.now() - began < seconds * 1_000) {
    const due = ((performance.now() - began) / 1_000) * RATE;
    while (sent < due && open.size < 256) {
      const own = one().finally(() => open.delete(own));
      open.add(own);
      sent += 1;
    }
    await new Promise((turn) => setTimeout(turn, 4));
  }
  const inTime = done;
  await Promise.all(open);
  agent.destroy();
  return inTime / seconds;
}

/** The newest events, as the stream says them. */
async function record() {
  const ended = new AbortController();
  const answer = await fetch(`${address}/v1/events/stream`, { signal: ended.signal });
  const sending = load(1);
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of answer.body) {
    text += decoder.decode(part, { stream: true });
    if (text.split("\n\n").length > 400) break;
  }
  ended.abort();
  await sending;
  return text.split("\n\n").slice(0, -1).filter((event) => event.includes("data:")).map((event) => event.replace(/^id:.*\n?/m, ""));
}

/** The daemon, but for its stream: that is what was recorded, at the rate. */
async function replay(events) {
  let index = 1_000_000;
  const server = createServer((asked, answer) => {
    if (asked.url.startsWith("/v1/events/stream")) {
      answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      const began = performance.now();
      let sent = 0;
      const timer = setInterval(() => {
        let block = "";
        for (const due = ((performance.now() - began) / 1_000) * RATE; sent < due; sent += 1) block += `id: ${(index += 1)}\n${events[index % events.length]}\n\n`;
        answer.write(block);
      }, 5);
      asked.on("close", () => clearInterval(timer));
      return;
    }
    const passed = request(address + asked.url, { method: asked.method, headers: { ...asked.headers, host: new URL(address).host } }, (said) => {
      answer.writeHead(said.statusCode, said.headers);
      said.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });

/** How busy the main thread of Live was, and how many events it showed, while something happened. */
async function live(at, happen) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${at}/dashboard/#/live`);
  await page.getByText("Following").waitFor();
  const client = await context.newCDPSession(page);
  await client.send("Performance.enable");
  const busy = async () => {
    const { metrics } = await client.send("Performance.getMetrics");
    const value = (name) => metrics.find((metric) => metric.name === name).value;
    return { task: value("TaskDuration"), script: value("ScriptDuration"), layout: value("LayoutDuration") + value("RecalcStyleDuration"), at: value("Timestamp"), heap: value("JSHeapUsedSize") };
  };
  const newest = () => page.evaluate(() => Number(document.querySelector(".live-row .live-c-entry")?.textContent?.replace(/\D/g, "") ?? 0));
  const [before, first] = [await busy(), await newest()];
  const rate = await happen();
  const [after, last] = [await busy(), await newest()];
  const seconds = after.at - before.at;
  const share = (name) => `${((100 * (after[name] - before[name])) / seconds).toFixed(1)} %`;
  await context.close();
  console.log(`  main thread busy ${share("task")} (script ${share("script")}, layout and style ${share("layout")}) over ${seconds.toFixed(1)} s`);
  console.log(`  entries shown ${last - first}, ${((last - first) / seconds).toFixed(0)} a second; heap ${(after.heap / 1e6).toFixed(0)} MB`);
  return rate;
}

console.log(`Live, ${RATE} events a second for ${SECONDS} s, from the daemon's stream`);
await load(2);
const made = await live(address, () => load(SECONDS));
console.log(`  the daemon decided and recorded ${made.toFixed(0)} a second beside the browser`);
if (made < 0.95 * RATE) {
  console.log(`Live, ${RATE} events a second for ${SECONDS} s, recorded events: the daemon does not make as many beside a browser here`);
  const at = await replay(await record());
  await live(at, () => new Promise((done) => setTimeout(done, SECONDS * 1_000)));
}

/** From the start of the navigation to the first verdict, nothing cached. */
async function playground() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(() => {
    new MutationObserver(() => {
      if (window.verdictAt === undefined && document.querySelector(".v-line") !== null) window.verdictAt = performance.now();
    }).observe(document, { childList: true, subtree: true });
  });
  const page = await context.newPage();
  await page.goto(`${address}/dashboard/playground/`);
  await page.waitForFunction(() => window.verdictAt !== undefined);
  const taken = await page.evaluate(() => window.verdictAt);
  await context.close();
  return taken;
}

const times = [];
for (let round = 0; round < ROUNDS; round += 1) times.push(await playground());
times.sort((one, other) => one - other);
const median = (times[ROUNDS / 2 - 1] + times[ROUNDS / 2]) / 2;
console.log(`playground, navigation to the first verdict, nothing cached, ${ROUNDS} times`);
console.log(`  median ${median.toFixed(0)} ms, ${times[0].toFixed(0)} to ${times[ROUNDS - 1].toFixed(0)} ms`);

await browser.close();
process.exit(0);

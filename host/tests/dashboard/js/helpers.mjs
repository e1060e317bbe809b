// What every file of steps uses: the scene that the suite set up, one browser, pages that are watched, an
// agent that makes calls. A page that is watched may run no code of others, and nothing on it may be code.
//
// It knows nothing of what pages show.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { after, test } from "node:test";

/** Where the daemon is, its keys and agents' keys, and where tools and pictures are; see `scene.rs`. */
export const scene = JSON.parse(process.env.SENTINEL_SCENE);

const tools = createRequire(join(scene.tools, "package.json"));
const { chromium } = tools("playwright-core");
const AXE = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

/** What the page calls the secret of a login in its storage. */
export const SECRET = "sentinel.login.secret";

/** For one step of a page. The machine may be busy. */
const PATIENCE_MS = 30_000;

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };

let browser = null;

/** One for the file. It dies with this process. */
async function theBrowser() {
  browser ??= await chromium.launch({
    executablePath: scene.chromium,
    // A container has no user namespaces for it, and its shared memory is small.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
  return browser;
}

after(async () => {
  await browser?.close();
  for (const server of servers) server.close();
});

/** What nothing on a page may ever do. Runs in every frame before anything else. */
function watchman() {
  window.__shifts = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`VIOLATION ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) {
      const nodes = shift.sources.map((source) => {
        const node = source.node;
        const name = node?.nodeType === 1 ? `${node.tagName}.${node.className}` : String(node?.nodeName);
        return `${name} ${source.previousRect.y}>${source.currentRect.y}`;
      });
      if (!shift.hadRecentInput) window.__shifts.push({ value: shift.value, nodes });
    }
  }).observe({ type: "layout-shift", buffered: true });
}

/** Complaints of one context, as lines. */
function watch(context, own) {
  const complaints = [];
  context.on("page", (page) => {
    page.on("dialog", (dialog) => {
      // A page asks so before it throws a draft away, where somebody leaves it.
      if (dialog.type() !== "beforeunload") complaints.push(`a dialog: ${dialog.message()}`);
      dialog.accept().catch(() => undefined);
    });
    page.on("pageerror", (error) => complaints.push(`an error: ${error.stack}`));
    page.on("popup", (popup) => complaints.push(`a popup: ${popup.url()}`));
    page.on("console", (message) => {
      const text = message.text();
      if (/^VIOLATION|Content Security Policy/i.test(text)) complaints.push(text);
      // Answers that are no success are the page's business.
      else if (message.type() === "error" && !text.startsWith("Failed to load resource")) complaints.push(`console: ${text}`);
    });
  });
  context.on("request", (request) => {
    const url = new URL(request.url());
    const foreign = !own.includes(url.origin) && !["data:", "blob:"].includes(url.protocol);
    if (foreign || url.pathname.startsWith("/pwned")) complaints.push(`a request: ${request.url()}`);
  });
  return complaints;
}

/**
 * A test with a page of its own in a context of its own, at the daemon's address unless `at` says another.
 * `as` names the key that is signed in. Afterwards nothing may have been complained of.
 */
export function walk(name, { as = null, at = scene.address, viewport = WIDE, context: more = {}, expects = [] } = {}, steps) {
  test(name, { timeout: 120_000 }, async () => {
    const context = await (await theBrowser()).newContext({
      viewport,
      reducedMotion: "reduce",
      colorScheme: "light",
      locale: "en-GB",
      timezoneId: "UTC",
      ...more,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(watchman);
    const complaints = watch(context, [at, scene.address]);
    try {
      if (as !== null) await signIn(context, scene.keys[as]);
      const page = await context.newPage();
      try {
        await steps({ page, context });
        for (const one of context.pages()) await clean(one);
      } catch (error) {
        await failed(page, name, error);
        throw error;
      }
      const unexpected = complaints.filter((line) => !expects.some((one) => line.includes(one)));
      assert.deepEqual(unexpected, []);
    } finally {
      // A request that is still in the hands of a test ends with the page, and is no failure.
      for (const one of context.pages()) await one.unrouteAll({ behavior: "ignoreErrors" });
      await context.close();
    }
  });
}

/** A picture of how it ended, beside the others. */
async function failed(page, name, error) {
  const file = join(scene.pictures, "failed", `${name.replace(/[^a-z0-9]+/gi, "-")}.png`);
  mkdirSync(join(scene.pictures, "failed"), { recursive: true });
  await page.screenshot({ path: file, timeout: 5_000 }).catch(() => undefined);
  error.message += `\n(at ${page.url().slice(0, 200)}; picture: ${file})`;
}

/** By the daemon, without its page: a cookie of the context, and the secret of the login where the page keeps it. */
export async function signIn(context, token) {
  const answer = await context.request.post(`${scene.address}/v1/login`, { data: { token }, headers: { origin: scene.address } });
  assert.equal(answer.status(), 200, await answer.text());
  const { csrf } = await answer.json();
  const page = await context.newPage();
  // Anything of the same origin that runs nothing.
  await page.goto(`${scene.address}/v1/health`);
  await page.evaluate(([name, csrf]) => localStorage.setItem(name, csrf), [SECRET, csrf]);
  await page.close();
}

/** Opens a page of the dashboard, `approvals` or `ledger/3`. */
export async function open(page, place) {
  await page.goto(`${scene.address}/dashboard/#/${place}`);
  await page.locator("#page-title").first().waitFor();
}

// --- What no page may have.

/** Every element, in shadow roots too: no code, no address of a code, nothing from elsewhere. */
export async function clean(page) {
  const found = await page.evaluate(() => {
    const bad = [];
    const links = ["http:", "https:", "blob:", "data:"];
    const look = (root) => {
      for (const element of root.querySelectorAll("*")) {
        const name = element.localName;
        for (const attribute of element.attributes) {
          if (/^on/i.test(attribute.name)) bad.push(`${name} has ${attribute.name}`);
          if (["href", "src", "action", "formaction", "xlink:href", "data"].includes(attribute.name.toLowerCase())) {
            const url = new URL(attribute.value, document.baseURI);
            const local = url.origin === location.origin || ["blob:", "data:"].includes(url.protocol);
            if (!links.includes(url.protocol) || !local) bad.push(`${name} has ${attribute.name}=${attribute.value.slice(0, 80)}`);
          }
        }
        const inline = ["script", "img"].includes(name) && (name === "script") === (element.getAttribute("src") === null);
        // The editor has pictures of nothing around its cursor.
        if (inline || ["iframe", "object", "embed", "base", "frame", "style"].includes(name)) bad.push(`a <${name}>`);
        if (element.shadowRoot !== null) look(element.shadowRoot);
      }
    };
    if (document.contentType === "text/html") look(document);
    if ("pwned" in window || "pwned" in Object.prototype) bad.push("a script ran");
    return bad;
  });
  assert.deepEqual(found, [], `on ${page.url()}`);
}

/** No rule of axe is broken, in light and in dark. The page is as it was afterwards. */
export async function accessible(page, state) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(`window.axe === undefined && (() => { ${AXE} })(); undefined`);
    // What does not depend on colours is asked once.
    const only = colorScheme === "light" ? {} : { runOnly: ["color-contrast", "link-in-text-block"] };
    const broken = await page.evaluate(async (only) => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...only });
      return violations.map((one) => ({
        rule: `${one.id}: ${one.help}`,
        at: one.nodes.slice(0, 5).map((node) => `${node.target.join(" ")} ${node.failureSummary?.split("\n").slice(1).join(" ")} ${node.html.slice(0, 160)}`),
      }));
    }, only);
    assert.deepEqual(broken, [], `${state}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

/** Until the page has stayed as it is for some frames. A page that never does is what it is after some hundred. */
const still = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next, 0)));
    const look = () => {
      const { scrollWidth, scrollHeight } = document.scrollingElement;
      return `${window.__shifts?.length} ${scrollWidth} ${scrollHeight}`;
    };
    for (let seen = look(), quiet = 0, all = 0; quiet < 10 && all < 300; all += 1) {
      await frame();
      quiet = look() === seen ? quiet + 1 : 0;
      seen = look();
    }
  });

/** Nobody has to scroll the page sideways at the width of a phone. */
export async function narrow(page, state) {
  const before = page.viewportSize();
  // What moved before is told afterwards; what moves with the window, however late, is nobody's fault.
  const moved = await shifts(page);
  await page.setViewportSize(PHONE);
  // Charts follow a moment later; what stays too wide is told below.
  const fits = () => document.scrollingElement.scrollWidth <= document.documentElement.clientWidth;
  await page.waitForFunction(fits, undefined, { timeout: 3_000 }).catch(() => undefined);
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const page = document.scrollingElement;
    if (page.scrollWidth <= width) return [];
    const all = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > width + 1);
    return all.slice(0, 8).map((element) => `${element.localName}.${element.className}`);
  });
  assert.deepEqual(wide, [], `${state} is wider than a phone`);
  if (before !== null) await page.setViewportSize(before);
  await still(page);
  await page.evaluate((moved) => { window.__shifts = moved; }, moved);
}

/** Has a page wait for all answers: after two seconds it shows what is there, and is pushed down by the rest. */
export const patient = (page) =>
  page.addInitScript(() => {
    const own = window.setTimeout.bind(window);
    window.setTimeout = (run, ms, ...more) => own(run, ms === 2_000 ? 60_000 : ms, ...more);
  });

/** Both, in one state of a page. */
export async function fit(page, state) {
  await accessible(page, state);
  await narrow(page, state);
}

/** What moved without anybody's doing since the page was there, or since this was asked last. */
export const shifts = (page) =>
  page.evaluate(async () => {
    // What was drawn last is told of a frame later.
    await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)));
    return window.__shifts.splice(0);
  });

// --- Those who are not at the page.

/** A request to the API with a key. */
export async function ask(key, method, path, body) {
  const response = await fetch(scene.address + path, {
    method,
    headers: { authorization: `Bearer ${scene.keys[key] ?? key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
}

/** What the daemon decides. */
export async function call(agentId, toolName, toolInput = {}, more = {}) {
  const { status, body } = await ask("agent", "POST", "/v1/evaluate", { agentId, toolName, toolInput, ...more });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** A question to a person; its id. */
export async function question(agentId, toolName, toolInput = {}, more = {}) {
  const answer = await call(agentId, toolName, toolInput, more);
  assert.equal(answer.decision, "escalate", JSON.stringify(answer));
  return answer.approval.id;
}

/** Runs `sentinel` beside the daemon. */
export const sentinel = (...words) => sentinelAt(scene.environment.SENTINEL_HOME, ...words);

/** The same with files of its own. */
export function sentinelAt(home, ...words) {
  return new Promise((resolve, reject) => {
    const child = spawn(scene.program, words, { env: { PATH: process.env.PATH, ...scene.environment, SENTINEL_HOME: home }, cwd: scene.directory });
    let said = "";
    child.stdout.on("data", (part) => (said += part));
    child.stderr.on("data", (part) => (said += part));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(said) : reject(new Error(`sentinel ${words.join(" ")}: ${code}: ${said}`))));
  });
}

/**
 * A daemon with files of its own, for steps that stop it: without authentication, at a port that a second one can have
 * again. Its address, and `stop`.
 */
export async function daemonAt(home, port = 0, more = {}) {
  const env = { PATH: process.env.PATH, SENTINEL_HOME: home, SOE_API_PORT: String(port), SOE_AUTH_DISABLED: "true", ...more };
  const child = spawn(scene.program, ["serve"], { env, cwd: scene.directory });
  process.on("exit", () => child.kill("SIGKILL"));
  const ended = new Promise((resolve) => child.on("close", resolve));
  const address = await new Promise((resolve, reject) => {
    let said = "";
    const listen = (part) => {
      said += part;
      const found = /listens on (http:\/\/\S+)/.exec(said);
      if (found !== null) resolve(found[1]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    ended.then(() => reject(new Error(`the daemon did not start:\n${said}`)));
  });
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { address, port: Number(new URL(address).port), stop };
}

// --- Servers of files.

const servers = [];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm" };

/** Serves a directory as any web server does, without a header of ours; its origin. */
export async function serve(directory) {
  return listen(async (request, response) => {
    let path = normalize(decodeURIComponent(new URL(request.url, "http://own").pathname));
    if (path.endsWith("/")) path += "index.html";
    const bytes = await readFile(join(directory, path)).catch(() => null);
    response.writeHead(bytes === null ? 404 : 200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    response.end(bytes ?? "");
  });
}

/** Serves one text as a page; its origin. */
export const servePage = (html) => listen((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(html));

async function listen(handler) {
  const server = createServer(handler);
  servers.push(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

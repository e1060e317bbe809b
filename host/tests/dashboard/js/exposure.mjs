// What scripts of the page, and pages of others, can do with a browser that is signed in: nothing.

import assert from "node:assert/strict";
import { ask, call, open, scene, SECRET, servePage, walk } from "./helpers.mjs";

/** The same daemon under a name that is another origin and another site. */
const elsewhere = scene.address.replace("127.0.0.1", "localhost");

walk("scripts cannot read the cookie", { as: "alice" }, async ({ page, context }) => {
  await open(page, "agents");
  assert.equal(await page.evaluate(() => document.cookie), "");
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, cookie.path], ["sentinel_session", true, "Strict", "/"]);
  assert.ok(!cookie.value.includes(scene.keys.alice));
});

walk("a page of the daemon without the secret of the login changes nothing", { as: "admin" }, async ({ page }) => {
  await open(page, "agents");
  const status = (headers) =>
    page.evaluate(async (headers) => (await fetch("/v1/agents/coding-agent/reset", { method: "POST", headers: { "content-type": "application/json", ...headers }, body: "{}" })).status, headers);
  assert.equal(await status({}), 403);
  assert.equal(await status({ "x-sentinel-csrf": "A".repeat(43) }), 403);
  // Who has the cookie alone, such as a server on another port of this host, is not told it.
  assert.equal(await page.evaluate(async () => (await (await fetch("/v1/login")).json()).csrf), null);
  const csrf = await page.evaluate((name) => localStorage.getItem(name), SECRET);
  assert.equal(await status({ "x-sentinel-csrf": csrf }), 200);
});

const ATTACK = `<!doctype html><title>elsewhere</title><script>
  const daemon = new URLSearchParams(location.search).get("daemon");
  const tries = {
    read: () => fetch(daemon + "/v1/agents", { credentials: "include" }),
    simple: () => fetch(daemon + "/v1/agents/coding-agent/reset", { method: "POST", credentials: "include", headers: { "content-type": "text/plain" }, body: "{}" }),
    blind: () => fetch(daemon + "/v1/agents/coding-agent/reset", { method: "POST", mode: "no-cors", credentials: "include", body: "{}" }),
    asked: () => fetch(daemon + "/v1/agents/coding-agent/reset", { method: "POST", credentials: "include", headers: { "content-type": "application/json", "x-sentinel-csrf": "x" }, body: "{}" }),
    login: () => fetch(daemon + "/v1/login", { method: "POST", mode: "no-cors", credentials: "include", headers: { "content-type": "text/plain" }, body: JSON.stringify({ token: "mine" }) }),
    stream: () => new Promise((resolve) => { const source = new EventSource(daemon + "/v1/events/stream", { withCredentials: true }); source.onopen = () => resolve({ type: "basic", status: 200 }); source.onerror = () => { source.close(); resolve({ type: "error" }); }; }),
  };
  window.attack = async () => {
    const said = {};
    for (const [name, one] of Object.entries(tries)) said[name] = await one().then((answer) => answer.type === "opaque" ? "opaque" : answer.type === "error" ? "refused" : String(answer.status), () => "refused");
    return said;
  };
</script><form id="form" method="post" enctype="text/plain"><input name='{"a":"' value='"}'></form>`;

walk("a page of another origin reads nothing and changes nothing", { as: "admin", expects: ["a request", "console:", "Content Security Policy", "VIOLATION"] }, async ({ page, context }) => {
  await call("coding-agent", "Bash", { command: "sudo id" });
  const { riskUsed } = (await ask("carol", "GET", "/v1/agents/coding-agent/risk")).body;
  assert.ok(riskUsed > 0);
  const origin = await servePage(ATTACK);
  // One on another port of the same host, whose cookies a browser sends along, and one of another host.
  for (const from of [origin, origin.replace("127.0.0.1", "localhost")]) {
    await page.goto(`${from}/?daemon=${encodeURIComponent(scene.address)}`);
    const said = await page.evaluate(() => window.attack());
    assert.deepEqual({ ...said, blind: "", login: "" }, { read: "refused", simple: "refused", asked: "refused", stream: "refused", blind: "", login: "" }, from);
    // A form takes the whole page along.
    await page.evaluate((daemon) => {
      const form = document.getElementById("form");
      form.action = `${daemon}/v1/agents/coding-agent/reset`;
      form.submit();
    }, scene.address);
    await page.waitForURL("**/reset");
    assert.match(await page.locator("body").innerText(), /"decision"|problem|status/);
  }
  assert.equal((await ask("carol", "GET", "/v1/agents/coding-agent/risk")).body.riskUsed, riskUsed);
  // The login is what it was.
  const still = await context.newPage();
  await open(still, "agents");
  await still.getByText("environment-key").first().waitFor();
});

walk("nobody puts the dashboard into a frame", { as: "alice", expects: ["a request", "console:", "Content Security Policy", "VIOLATION"] }, async ({ page, context }) => {
  const origin = await servePage(`<!doctype html><title>frame</title><iframe id="frame" src="${scene.address}/dashboard/"></iframe>`);
  await page.goto(origin);
  await page.waitForFunction(() => document.readyState === "complete");
  const frame = page.frames().find((one) => one !== page.mainFrame());
  await frame.waitForLoadState();
  assert.equal(await frame.locator("#app").count(), 0);
  assert.match(frame.url(), /^chrome-error:/);
  // Its own pages neither.
  const own = await context.newPage();
  await open(own, "agents");
  const shown = await own.evaluate(async () => {
    const frame = document.createElement("iframe");
    frame.src = "/dashboard/";
    const loaded = new Promise((done) => (frame.onload = done));
    document.body.append(frame);
    await loaded;
    const has = frame.contentDocument?.getElementById("app") !== null && frame.contentDocument !== null;
    frame.remove();
    return has;
  });
  assert.equal(shown, false);
  await page.goto("about:blank");
});

walk("under another name of the same machine nobody is signed in", { as: "alice", at: elsewhere }, async ({ page }) => {
  await page.goto(`${elsewhere}/dashboard/`);
  await page.getByLabel("Token or API key").waitFor();
});

walk("a stream opens with a ticket, once, and sees what its owner may see", { as: "alice" }, async ({ page, context }) => {
  await open(page, "agents");
  const ticket = await page.evaluate(async (name) => {
    const csrf = localStorage.getItem(name);
    const answer = await fetch("/v1/events/ticket", { method: "POST", headers: { "x-sentinel-csrf": csrf } });
    return (await answer.json()).ticket;
  }, SECRET);
  assert.ok(ticket.length > 20);
  await context.clearCookies();
  await page.evaluate((ticket) => {
    window.heard = [];
    window.source = new EventSource(`/v1/events/stream?ticket=${encodeURIComponent(ticket)}`);
    window.source.onmessage = (message) => window.heard.push(message.data);
    return new Promise((resolve, reject) => {
      window.source.onopen = resolve;
      window.source.onerror = () => reject(new Error("the stream did not open"));
    });
  }, ticket);
  await call("payments-agent", "get_invoice", { invoiceId: "INV-2026-77" });
  await page.waitForFunction(() => window.heard.some((data) => data.includes("get_invoice")));
  await page.evaluate(() => window.source.close());
  const second = await page.evaluate(async (ticket) => (await fetch(`/v1/events/stream?ticket=${encodeURIComponent(ticket)}`)).status, ticket);
  assert.equal(second, 401);
  const none = await page.evaluate(async () => (await fetch("/v1/events/stream")).status);
  assert.equal(none, 401);
});

walk("the page may run nothing inline, evaluate nothing and fetch from nobody", { as: "alice", expects: ["a request", "console:", "Content Security Policy", "VIOLATION"] }, async ({ page }) => {
  await open(page, "agents");
  const ran = await page.evaluate(async (elsewhere) => {
    const script = document.createElement("script");
    script.textContent = "window.inline = true";
    document.body.append(script);
    script.remove();
    const handler = document.createElement("div");
    handler.setAttribute("onclick", "window.handler = true");
    handler.click();
    const link = document.createElement("a");
    link.setAttribute("href", "javascript:window.link = true");
    document.body.append(link);
    link.click();
    link.remove();
    const evaluated = await import("data:text/javascript,window.imported=true").then(() => true, () => false);
    const fetched = await fetch(`${elsewhere}/v1/health`, { mode: "no-cors" }).then(() => true, () => false);
    const worker = await fetch("/dashboard/").then((answer) => answer.headers.get("content-security-policy"));
    return { inline: "inline" in window, handler: "handler" in window, link: "link" in window, evaluated, fetched, policy: worker };
  }, elsewhere);
  assert.deepEqual({ ...ran, policy: "" }, { inline: false, handler: false, link: false, evaluated: false, fetched: false, policy: "" });
  assert.match(ran.policy, /default-src 'none'/);
  assert.ok(!/unsafe-inline|'unsafe-eval'|\*/.test(ran.policy), ran.policy);
});

// Signing in: the wrong key, the right one, going out by oneself, and being sent out.

import assert from "node:assert/strict";
import { ask, fit, open, scene, SECRET, sentinel, shifts, walk } from "./helpers.mjs";

const field = (page) => page.getByLabel("Token or API key");
const button = (page) => page.getByRole("button", { name: "Sign in" });

walk("a wrong key is refused, the right one opens the page that was asked for, and signing out closes it", {}, async ({ page, context }) => {
  await page.goto(`${scene.address}/dashboard/#/approvals`);
  await field(page).waitFor();
  await fit(page, "signing in");
  assert.equal(await field(page).getAttribute("type"), "password");

  await field(page).fill("no-such-key");
  await button(page).click();
  await page.getByRole("alert").getByText("That credential is not accepted").waitFor();
  await fit(page, "refused");
  assert.deepEqual(await context.cookies(), []);

  await field(page).fill(scene.keys.alice);
  await field(page).press("Enter");
  await page.getByRole("heading", { name: "Approvals", level: 1 }).waitFor();
  await page.getByText("alice", { exact: true }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  assert.ok(!kept.includes(scene.keys.alice), "the key is kept nowhere");

  await page.reload();
  await page.getByRole("heading", { name: "Approvals", level: 1 }).waitFor();

  await page.getByRole("button", { name: "Sign out" }).click();
  await field(page).waitFor();
  const left = await context.cookies();
  assert.deepEqual(left, []);
  assert.equal(await page.evaluate((name) => localStorage.getItem(name), SECRET), null);
  await page.reload();
  await field(page).waitFor();
});

walk("who is signed out in one window is signed out in all", { as: "alice" }, async ({ page, context }) => {
  const other = await context.newPage();
  await open(page, "agents");
  await open(other, "agents");
  await page.getByRole("button", { name: "Sign out" }).click();
  // The list is asked for again by itself.
  await other.getByText("Your session has ended").waitFor();
  await fit(other, "sent out");
});

walk("without the secret of the login one only looks, until signing in again, in all windows", { as: "admin" }, async ({ page, context }) => {
  await page.goto(`${scene.address}/v1/health`);
  await page.evaluate(() => localStorage.clear());
  await open(page, "agents/coding-agent");
  await page.getByText("Sign in again to change anything.").waitFor();
  await page.getByRole("meter", { name: "Risk points of coding-agent" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Reset…" }).count(), 0);
  await fit(page, "only looking");
  const other = await context.newPage();
  await open(other, "agents");
  await other.getByText("Sign in again to change anything.").waitFor();

  await page.getByRole("button", { name: "Sign in again" }).click();
  await field(page).fill(scene.keys.admin);
  await button(page).click();
  await page.getByRole("button", { name: "Reset…" }).waitFor();
  assert.equal(await page.getByText("Sign in again to change anything.").count(), 0);
  await other.getByText("Sign in again to change anything.").waitFor({ state: "detached" });
  await other.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("Your session has ended").waitFor();
});

walk("without the secret one can still sign out", { as: "alice" }, async ({ page, context }) => {
  await page.goto(`${scene.address}/v1/health`);
  await page.evaluate(() => localStorage.clear());
  await open(page, "agents");
  await page.getByText("Sign in again to change anything.").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await field(page).waitFor();
  assert.deepEqual(await context.cookies(), []);
  await page.reload();
  await field(page).waitFor();
});

walk("a daemon that cannot answer for a while signs nobody out", { as: "admin" }, async ({ page }) => {
  await open(page, "agents/coding-agent");
  await page.getByRole("button", { name: "Reset…" }).waitFor();
  // As a proxy says while the daemon starts.
  for (const status of [503, 504, 429]) {
    await page.route("**/v1/login", (route) => route.fulfill({ status, body: "Service Unavailable" }));
    await page.reload();
    await page.getByText("It is asked again every two seconds. You stay signed in.").waitFor();
    if (status === 503) await fit(page, "waiting for the daemon");
    assert.notEqual(await page.evaluate((name) => localStorage.getItem(name), SECRET), null);
    await page.unroute("**/v1/login");
    await page.getByRole("button", { name: "Reset…" }).waitFor();
  }
});

walk("pages whose files are gone after an upgrade are loaded anew, once", { as: "carol" }, async ({ page }) => {
  await open(page, "agents");
  const ledger = /\/assets\/LedgerPage-[^/]+\.js$/;
  let loads = 0;
  page.on("load", () => (loads += 1));
  let gone = 1;
  await page.route(ledger, (route) => (gone-- > 0 ? route.fulfill({ status: 404 }) : route.continue()));
  await page.getByRole("link", { name: "Ledger" }).click();
  await page.getByRole("table", { name: "Entries, newest first" }).waitFor();
  assert.equal(loads, 1);
  // Gone for good: it is said, and other pages go on.
  await page.evaluate(() => sessionStorage.clear());
  gone = Infinity;
  await open(page, "agents");
  await page.reload();
  await page.getByRole("link", { name: "Ledger" }).click();
  await page.getByText("This page could not be loaded").waitFor();
  await page.getByRole("link", { name: "Agents", exact: true }).click();
  await page.getByRole("table", { name: "Agents" }).waitFor();
});

walk("a key that is taken back ends what was begun with it", { as: "lost" }, async ({ page }) => {
  await open(page, "agents");
  const list = await sentinel("token", "key", "list", "--json");
  const own = JSON.parse(list).find?.((key) => key.subject === "lost") ?? JSON.parse(list).keys?.find((key) => key.subject === "lost");
  assert.ok(own, list);
  await sentinel("token", "key", "revoke", own.id);
  await page.getByText("Your session has ended").waitFor();
  assert.equal((await ask("lost", "GET", "/v1/agents")).status, 401);
});

walk("a role sees what it may and is told of what it may not", { as: "agent" }, async ({ page }) => {
  await open(page, "approvals");
  await page.getByText("Not for this credential").first().waitFor();
  await fit(page, "not allowed");
  await page.getByRole("link", { name: "Live" }).click();
  await page.getByRole("heading", { name: "Live", level: 1 }).waitFor();
  assert.deepEqual(await shifts(page), []);
});

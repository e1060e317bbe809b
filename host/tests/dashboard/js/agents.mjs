// Agents: the list, one agent's page, its gauge and budgets after calls, and setting its points to nought.

import assert from "node:assert/strict";
import { join } from "node:path";
import { accessible, ask, call, daemonAt, fit, narrow, open, patient, scene, shifts, walk } from "./helpers.mjs";

const row = (page, agent) => page.getByRole("row").filter({ has: page.getByRole("link", { name: agent, exact: true }) });
const risk = (page, agent) => page.getByRole("meter", { name: `Risk points of ${agent}` });
const used = async (meter) => Number(await meter.getAttribute("aria-valuenow"));

/** Waits until a meter shows more than so much. */
const moves = (page, name, than) =>
  page.waitForFunction(
    ([name, than]) => [...document.querySelectorAll("[role=meter]")].some((one) => one.getAttribute("aria-label") === name && Number(one.getAttribute("aria-valuenow")) > than),
    [name, than],
  );

/** A policy that says who it is for and little else. */
const POLICY = (agentId, more = {}) => ({ agentId, version: "1.0.0", identity: { role: "Tried", authorityLevel: "limited-ops", environmentScope: ["development"] }, toolActions: { allowed: ["look"] }, ...more });
const govern = async (policy) => assert.equal((await ask("admin", "POST", "/v1/deploy", { soe: policy })).status, 200);
await govern(POLICY("watched-only", { mode: "audit" }));

walk("the list tells who may what, and risk grows with calls", { as: "carol" }, async ({ page }) => {
  await open(page, "agents");
  await row(page, "payments-agent").getByText("PaymentsAgent").waitFor();
  await row(page, "payments-agent").getByText("limited-ops").waitFor();
  // One that is only watched, and has no limit: so it has no bar that could be empty or full.
  await row(page, "watched-only").getByRole("cell", { name: "audit", exact: true }).waitFor();
  assert.equal(await row(page, "watched-only").getByRole("meter").count(), 0);
  await row(page, "watched-only").getByText("0 points").waitFor();
  await row(page, "payments-agent").getByRole("cell", { name: "enforce", exact: true }).waitFor();
  await fit(page, "Agents");

  await shifts(page);
  const own = row(page, "coding-agent").getByRole("meter");
  const before = await used(own);
  await call("coding-agent", "Read", { file_path: "src/a.ts" }, { workspace: "/workspace/shop" });
  await call("coding-agent", "Bash", { command: "git push origin main" });
  await moves(page, "Risk of coding-agent", before);
  await row(page, "coding-agent").getByRole("cell", { name: "1", exact: true }).first().waitFor();
  assert.deepEqual(await shifts(page), [], "nothing moves while calls come");

  await page.getByLabel("Name contains").fill("nobody at all");
  await page.getByText("No agent matches").waitFor();
  await accessible(page, "no agent matches");
  await page.getByLabel("Name contains").fill("PAYMENTS");
  await row(page, "payments-agent").getByRole("link").click();
  await page.getByRole("heading", { name: "payments-agent", level: 1 }).waitFor();
});

walk("one agent: its gauge, its budgets, its timeline, its policy", { as: "carol" }, async ({ page }) => {
  await call("payments-agent", "pay_invoice", { invoiceId: "INV-2026-1", currency: "EUR", amount: 40, recipient: { country: "DE" } }, { payee: "mueller", cost: { usd: "40.00" } });
  await patient(page);
  await open(page, "agents/payments-agent");
  await risk(page, "payments-agent").waitFor();
  const before = await used(risk(page, "payments-agent"));
  await page.getByText("warn", { exact: true }).waitFor();
  const budgets = page.getByRole("group", { name: "Budgets and rates" });
  await budgets.getByText("mueller").waitFor();
  await budgets.getByText("$40.00 held").first().waitFor();
  await page.getByText("Pays invoices and refunds customers.").first().waitFor();
  await page.getByText("toolActions").first().waitFor();

  const timeline = page.locator("section").filter({ has: page.getByRole("heading", { name: "Timeline" }) });
  await timeline.getByText("pay_invoice").first().waitFor();
  await page.getByText("toolActions").first().waitFor();
  assert.deepEqual(await shifts(page), [], "nothing moves while it loads");
  await call("payments-agent", "refund", { amount: 5 }, { cost: { usd: "5.00" } });
  await moves(page, "Risk points of payments-agent", before);
  // Lines that come wait until they are asked for.
  await timeline.getByRole("button", { name: /newer$/ }).waitFor();
  assert.deepEqual(await shifts(page), [], "nothing moves while calls come");
  await timeline.getByRole("button", { name: /newer$/ }).click();
  await timeline.getByText("refund").first().waitFor();
  await timeline.getByRole("combobox").selectOption({ label: "Denied" });
  await timeline.getByText("Nothing is on record").waitFor();
  await timeline.getByRole("combobox").selectOption({ label: "Calls" });
  await timeline.getByText("pay_invoice").first().waitFor();
  await fit(page, "one agent");
  assert.equal(await page.getByRole("button", { name: "Reset…" }).count(), 0, "carol only looks");
});

walk("among more agents than a page has, one is found by a part of its name", { as: "carol" }, async ({ page }) => {
  const names = Array.from({ length: 105 }, (_, at) => `fleet-${String(at).padStart(3, "0")}`);
  for (const name of names) await govern(POLICY(name));
  await govern(POLICY("zz-the-last-one"));
  await open(page, "agents");
  await page.getByText(/^Page 1 of 2, \d+ agents$/).waitFor();
  assert.equal(await row(page, "zz-the-last-one").count(), 0, "it is on the second page");
  await page.getByLabel("Name contains").fill("Last-ONE");
  await row(page, "zz-the-last-one").waitFor();
  assert.equal(await page.getByRole("row").count(), 2, "the head and one");
  await page.getByLabel("Name contains").fill("");
  await page.getByRole("button", { name: "Next page" }).click();
  await row(page, "zz-the-last-one").waitFor();
  await fit(page, "the second page of agents");
});

const strict = await daemonAt(join(scene.directory, "strict"), 0, { SOE_MODE: "enforce" });

walk("the mode that holds is the one that is shown", { at: strict.address }, async ({ page }) => {
  const response = await fetch(`${strict.address}/v1/deploy`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ soe: POLICY("watched-only", { mode: "audit" }) }) });
  assert.equal(response.status, 200, await response.text());
  await page.goto(`${strict.address}/dashboard/#/agents`);
  await row(page, "watched-only").getByRole("cell", { name: "enforce not audit" }).waitFor();
  await accessible(page, "a mode that the daemon made stricter");
  await row(page, "watched-only").getByRole("link").click();
  await page.getByRole("heading", { name: "watched-only", level: 1 }).waitFor();
  await page.getByText("enforce not audit").waitFor();
  await strict.stop();
});

walk("points are set to nought by an admin, who is asked first", { as: "admin" }, async ({ page }) => {
  await call("coding-agent", "Bash", { command: "sudo id" });
  await open(page, "agents/coding-agent");
  await page.getByRole("button", { name: "Reset…" }).click();
  const dialog = page.getByRole("dialog", { name: "Set the points of this session to nought?" });
  await dialog.waitFor();
  await accessible(page, "the question before a reset");
  await narrow(page, "the question before a reset");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.ok((await ask("carol", "GET", "/v1/agents/coding-agent/risk")).body.riskUsed > 0);
  await page.getByRole("button", { name: "Reset…" }).click();
  await dialog.getByRole("button", { name: /^Reset \d+ points?$/ }).click();
  await page.getByText("are forgotten, and that is on record").waitFor();
  assert.equal((await ask("carol", "GET", "/v1/agents/coding-agent/risk")).body.riskUsed, 0);
  await page.locator("[role=meter][aria-label='Risk points of coding-agent'][aria-valuenow='0']").waitFor();
});

walk("an agent that nobody knows, and an address of no page", { as: "carol" }, async ({ page }) => {
  await open(page, "agents/nobody-knows-it");
  await page.getByText("No policy governs this agent").waitFor();
  await fit(page, "an unknown agent");
  await page.goto(page.url().replace(/#.*/, "#/no/such/page/at/all"));
  await page.getByText("No such page").waitFor();
  await accessible(page, "no such page");
});

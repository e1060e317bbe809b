// Live: a call arrives, the list is held and let go, filters, and nothing moves while it streams.

import assert from "node:assert/strict";
import { accessible, ask, call, fit, narrow, open, shifts, walk } from "./helpers.mjs";

const rows = (page) => page.getByRole("table", { name: "Events, newest first" }).getByRole("row");
const row = (page, text) => rows(page).filter({ hasText: text });
const tile = (page, name) => page.locator(".total").filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) });
const following = (page) => page.getByRole("status").getByText("Following").waitFor();

walk("a call arrives, is held back, filtered and followed to its entry", { as: "carol" }, async ({ page }) => {
  await open(page, "live");
  await following(page);
  await page.getByText("Nothing has happened yet").or(rows(page).first()).first().waitFor();
  await tile(page, "Decided").getByText("0", { exact: true }).waitFor();
  await tile(page, "Value protected").getByText("$0.00", { exact: true }).waitFor();
  await fit(page, "Live without verdicts");

  await call("payments-agent", "get_invoice", { invoiceId: "INV-2026-1" });
  await row(page, "get_invoice").filter({ hasText: "allow" }).waitFor();
  await call("payments-agent", "delete_invoice", {}, { cost: { usd: "12.34" } });
  await row(page, "delete_invoice").filter({ hasText: "deny" }).waitFor();
  await call("payments-agent", "refund", { amount: 80 }, { cost: { usd: "80.00" } });
  await row(page, "refund").filter({ hasText: "escalate" }).waitFor();
  await call("coding-agent", "Bash", { command: "git push origin main" });
  await row(page, "coding-agent").filter({ hasText: "Bash" }).waitFor();
  assert.match(await rows(page).nth(1).innerText(), /coding-agent/, "the newest is at the top");
  await tile(page, "Decided").getByText("4", { exact: true }).waitFor();
  const numbers = async (name) => (await tile(page, name).locator("dd").allInnerTexts()).map((text) => text.trim());
  assert.deepEqual([await numbers("Allowed"), await numbers("Escalated"), await numbers("Denied")], [["1", "25 %"], ["1", "25 %"], ["2", "50 %"]]);
  assert.deepEqual(await numbers("Value protected"), ["$92.34", "held back"]);
  assert.match((await numbers("Latency, p99"))[0], /^[\d.]+ (µs|ms|s)$/);
  assert.match((await numbers("Latency, p99"))[1], /^p50 [\d.]+ (µs|ms|s)$/);
  await page.getByRole("img", { name: "Decisions in the last ten minutes: 1 allowed, 1 escalated, 2 denied." }).waitFor();
  await fit(page, "Live with verdicts");
  assert.deepEqual(await shifts(page), []);

  await page.getByRole("button", { name: "Pause" }).click();
  await call("support-agent", "get_ticket", { id: 4 });
  await page.getByRole("button", { name: "Resume · 1 new" }).waitFor();
  assert.equal(await row(page, "get_ticket").count(), 0);
  await accessible(page, "Live, held");
  await page.getByRole("button", { name: "Resume · 1 new" }).click();
  await row(page, "get_ticket").waitFor();

  const filters = page.getByRole("search", { name: "Filter events" });
  await filters.getByLabel("Verdict").selectOption("deny");
  await row(page, "get_ticket").waitFor({ state: "detached" });
  await row(page, "delete_invoice").waitFor();
  await filters.getByLabel("Agent contains").fill("coding");
  await row(page, "delete_invoice").waitFor({ state: "detached" });
  await row(page, "coding-agent").first().waitFor();
  await filters.getByLabel("Tool contains").fill("no such tool");
  await page.getByText("Nothing of what is kept matches").waitFor();
  await fit(page, "Live, nothing matches");
  await filters.getByRole("button", { name: "Clear filters" }).click();
  await filters.getByLabel("Layer").selectOption("network");
  await page.getByText("Nothing of what is kept matches").waitFor();
  await filters.getByRole("button", { name: "Clear filters" }).click();

  await row(page, "delete_invoice").getByRole("link", { name: /^Entry \d+$/ }).click();
  await page.getByText("Verified in this page").waitFor();
});

walk("nothing moves while events stream", { as: "carol" }, async ({ page }) => {
  await open(page, "live");
  await following(page);
  const before = await page.getByRole("table").count();
  for (let round = 0; round < 20; round += 1) {
    const calls = Array.from({ length: 10 }, (_, n) => call("coding-agent", n % 3 === 0 ? "Bash" : "Read", n % 3 === 0 ? { command: `echo ${round}` } : { file_path: `src/${round}-${n}.ts` }));
    await Promise.all(calls);
  }
  await row(page, "echo").or(row(page, "coding-agent")).first().waitFor();
  await page.waitForFunction(() => Number(document.querySelector(".live-count")?.textContent?.replace(/\D/g, "")) >= 200);
  assert.ok(before <= 1);
  assert.deepEqual(await shifts(page), []);
});

walk("who reads further down is left in peace", { as: "carol" }, async ({ page }) => {
  await Promise.all(Array.from({ length: 60 }, (_, n) => call("coding-agent", "Read", { file_path: `src/${n}.ts` })));
  await open(page, "live");
  await following(page);
  const list = page.getByRole("table", { name: "Events, newest first" });
  await list.hover();
  await page.mouse.wheel(0, 400);
  await page.getByRole("button", { name: /^Resume/ }).waitFor();
  const seen = await rows(page).nth(5).innerText();
  await call("coding-agent", "Read", { file_path: "src/new.ts" });
  await page.getByRole("button", { name: "Resume · 1 new" }).waitFor();
  assert.equal(await rows(page).nth(5).innerText(), seen);
  assert.deepEqual(await shifts(page), []);
});

walk("on a phone, and for somebody who wants no motion", { as: "carol", viewport: { width: 360, height: 740 } }, async ({ page }) => {
  await call("coding-agent", "Bash", { command: "npm test" });
  await open(page, "live");
  await row(page, "coding-agent").first().waitFor();
  await fit(page, "Live on a phone");
  const moving = await page.evaluate(() => document.getAnimations().filter((one) => Number(one.effect?.getComputedTiming().activeDuration) > 50).length);
  assert.equal(moving, 0);
});

walk("a daemon that goes away is told of, and what is there stays", { as: "carol" }, async ({ page, context }) => {
  await call("coding-agent", "Bash", { command: "npm test" });
  await open(page, "live");
  await row(page, "coding-agent").first().waitFor();
  await context.setOffline(true);
  await page.getByRole("alert").getByText("The daemon does not answer.").waitFor();
  await row(page, "coding-agent").first().waitFor();
  await accessible(page, "Live, interrupted");
  await narrow(page, "Live, interrupted");
  await context.setOffline(false);
  await page.getByText("The daemon does not answer.").waitFor({ state: "detached" });
  const { body } = await ask("carol", "GET", "/v1/dashboard?limit=1");
  assert.ok(body.totals.calls > 0);
});

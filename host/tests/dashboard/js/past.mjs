// What became of a ledger while nobody looked. Its key was changed as the documents say: that is told with its proof,
// and old receipts and old keys still count. Its past was changed by whoever has the key: that is told as what it is.

import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { accessible, daemonAt, fit, scene, sentinelAt, walk } from "./helpers.mjs";

const home = (name) => join(scene.directory, name);

/** An entry at a daemon that asks nobody who they are; its index. */
async function record(address, toolName) {
  const body = JSON.stringify({ agentId: "nobody", toolName, toolInput: {} });
  const response = await fetch(`${address}/v1/evaluate`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { verdictId } = await response.json();
  return Number(/-(\d+)$/.exec(verdictId)[1]);
}

const text = async (address, path) => (await fetch(address + path)).text();
const go = async (page, address, place) => {
  await page.goto(`${address}/dashboard/#/${place}`);
  await page.locator("#page-title").first().waitFor();
};
const check = (page) => page.locator("section").filter({ has: page.getByRole("heading", { name: "Check a receipt" }) });
const checkpoint = (page) => page.locator("section").filter({ has: page.getByRole("heading", { name: "Checkpoint" }) });
const given = (page) => check(page).getByRole("textbox", { name: "Paste it, drop a file here, or choose one" });

async function pin(page, key) {
  if ((await check(page).locator("details[open]").count()) === 0) await check(page).locator("summary").click();
  await check(page).getByRole("textbox", { name: /^Public key/ }).fill(key);
  await check(page).getByRole("button", { name: "Pin" }).click();
}

const own = await daemonAt(home("rekeyed"));

walk("a key that was changed is told of with its proof, and what the old one signed still counts", { at: own.address }, async ({ page }) => {
  await record(own.address, "before");
  const index = await record(own.address, "seen");
  const receipt = await text(own.address, `/v1/ledger/entries/${index}/receipt`);
  const oldKey = (await text(own.address, "/v1/ledger/key")).trim().split("\n").at(-1);
  await go(page, own.address, "ledger");
  await page.getByText("This browser sees it for the first time").waitFor();

  await own.stop();
  const said = await sentinelAt(home("rekeyed"), "ledger", "rotate");
  const place = Number(/changed at entry (\d+)/.exec(said)[1]);
  const again = await daemonAt(home("rekeyed"), own.port);
  const later = await record(again.address, "after");
  const newKey = (await text(again.address, "/v1/ledger/key")).trim().split("\n").at(-1);
  assert.notEqual(newKey, oldKey);

  // Somebody who has the new key only, and says that it follows.
  const listing = /\/v1\/ledger\/entries\?/;
  await page.route(listing, async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const entries = body.entries.map((one) => (one.entry.kind === "key-rotation" ? { ...one, entry: { ...one.entry, signature: `${one.entry.signature.slice(0, -4)}AA==` } } : one));
    await route.fulfill({ response: answer, json: { ...body, entries } });
  });
  await page.reload();
  await checkpoint(page).getByRole("alert").getByText("This is not the ledger that was seen before").waitFor();
  await page.unroute(listing);

  await page.reload();
  await checkpoint(page).getByText(`The ledger's key changed at entry ${place}`).waitFor();
  assert.equal(await checkpoint(page).getByRole("alert").count(), 0, "it is no alarm");
  await fit(page, "a ledger with another key");
  await checkpoint(page).getByRole("link", { name: `Entry ${place}` }).click();
  await page.getByText("Verified in this page").waitFor();
  await go(page, again.address, "ledger");

  // With the key of now, a receipt from before; with the key of then, both.
  await given(page).fill(receipt);
  await check(page).getByText("Verified in this page").waitFor();
  await check(page).getByText(`The ledger's key changed at entry ${place}, and the old key signed that`).waitFor();
  await accessible(page, "a receipt under an earlier key");
  const bytes = Buffer.from(JSON.parse(receipt).entry, "base64");
  bytes[bytes.indexOf("seen")] += 1;
  await given(page).fill(JSON.stringify({ ...JSON.parse(receipt), entry: bytes.toString("base64") }));
  await check(page).getByRole("alert").getByText("Refused: this receipt proves nothing").waitFor();
  await pin(page, oldKey);
  await given(page).fill(receipt);
  await check(page).getByText("a key that you gave, for the ledger").waitFor();
  await given(page).fill(await text(again.address, `/v1/ledger/entries/${later}/receipt`));
  await check(page).getByText("a key of the same ledger as a key that you gave").waitFor();

  await page.getByRole("button", { name: "It is meant: know the new key" }).click();
  await checkpoint(page).getByText(`Its key changed at entry ${place}; the key before signed that.`).waitFor();
  await checkpoint(page).getByText("Signature checked with the key that follows your pinned key.").waitFor();
  await page.reload();
  await checkpoint(page).getByText("It is as it was").waitFor();
  assert.equal(await page.getByRole("button", { name: "It is meant: know the new key" }).count(), 0);
  await again.stop();
});

const first = await daemonAt(home("one"));

walk("another past under the same key is told of, though every signature is good", { at: first.address }, async ({ page }) => {
  await record(first.address, "shared");
  await first.stop();
  await cp(home("one"), home("other"), { recursive: true });
  const kept = await daemonAt(home("one"), first.port);
  await record(kept.address, "what-happened");
  await go(page, kept.address, "ledger");
  await page.getByText("This browser sees it for the first time").waitFor();
  await record(kept.address, "more");
  await page.reload();
  await page.getByText("It only grew").waitFor();
  await kept.stop();

  const forged = await daemonAt(home("other"), first.port);
  const names = ["what-did-not-happen", "and-more", "so-that-it-is-longer"];
  for (const name of names) await record(forged.address, name);
  await page.reload();
  await checkpoint(page).getByRole("alert").getByText("What was seen before is not the beginning of it").waitFor();
  await fit(page, "another past");
  await forged.stop();
});

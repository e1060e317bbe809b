// The ledger: an entry is found, its receipt is verified by the page, and one changed byte is refused, wherever
// it was changed: in a file that somebody gives, or on the way from the daemon.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accessible, ask, call, fit, open, scene, walk } from "./helpers.mjs";

/** An entry about a payment; its index. */
async function payment() {
  const { verdictId } = await call("payments-agent", "get_invoice", { invoiceId: "INV-2026-4711" });
  return Number(/-(\d+)$/.exec(verdictId)[1]);
}

const receiptOf = async (index) => (await fetch(`${scene.address}/v1/ledger/entries/${index}/receipt`, { headers: { authorization: `Bearer ${scene.keys.carol}` } })).text();

/** The receipt with one byte of its entry changed, and nothing else. */
function forged(text) {
  const receipt = JSON.parse(text);
  const bytes = Buffer.from(receipt.entry, "base64");
  const isText = !bytes.includes("get_invoice");
  if (isText) return text.replace("get_invoice", "get_invoicf");
  bytes[bytes.indexOf("get_invoice") + 10] += 1;
  return JSON.stringify({ ...receipt, entry: bytes.toString("base64") });
}

const check = (page) => page.locator("section").filter({ has: page.getByRole("heading", { name: "Check a receipt" }) });

walk("an entry is found and proven", { as: "carol" }, async ({ page }) => {
  const index = await payment();
  await open(page, "ledger");
  await page.getByRole("table", { name: "Entries, newest first" }).waitFor();
  await page.getByText("Signature checked with the key that the daemon gives.").waitFor();
  await fit(page, "the ledger");
  await page.getByRole("searchbox", { name: "Agent", exact: true }).fill("nobody-has-this-name");
  await page.keyboard.press("Enter");
  await page.getByText("No entry matches").waitFor();
  await accessible(page, "the ledger, nothing found");
  await page.getByRole("searchbox", { name: "Agent", exact: true }).fill("payments-agent");
  await page.keyboard.press("Enter");
  await page.getByRole("combobox", { name: "Verdict" }).selectOption("allow");
  await page.getByRole("row").filter({ hasText: "get_invoice" }).getByRole("link", { name: String(index), exact: true }).click();
  await page.getByRole("heading", { name: `Entry ${index}` }).waitFor();
  await page.getByText("Verified in this page").waitFor();
  await page.getByText(`The bytes of the entry give the leaf at place ${index}.`).waitFor();
  await page.getByRole("group", { name: "The entry as JSON" }).getByText('"toolName": "get_invoice"').waitFor();
  await fit(page, "an entry");

  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save" }).click()]);
  const kept = join(scene.directory, "receipt.json");
  await saved.saveAs(kept);
  assert.deepEqual(JSON.parse(await readFile(kept, "utf8")).index, index);
});

walk("a changed byte on the way from the daemon is refused, and nothing of it is shown", { as: "carol" }, async ({ page }) => {
  const index = await payment();
  await page.route(`**/v1/ledger/entries/${index}/receipt`, async (route) => {
    const answer = await route.fetch();
    const text = await answer.text();
    assert.notEqual(forged(text), text);
    await route.fulfill({ response: answer, body: forged(text) });
  });
  await open(page, `ledger/${index}`);
  await page.getByRole("alert").getByText("Refused: this receipt proves nothing").waitFor();
  await page.getByText("The receipt was refused, so nothing of it is shown as the entry.").waitFor();
  assert.equal(await page.getByText("get_invoic").count(), 0);
  await fit(page, "a refused entry");
});

walk("a receipt of another entry is refused", { as: "carol" }, async ({ page }) => {
  const index = await payment();
  await page.route(`**/v1/ledger/entries/${index}/receipt`, async (route) => route.fulfill({ body: await receiptOf(index - 1), contentType: "application/json" }));
  await open(page, `ledger/${index}`);
  await page.getByText(`The daemon sent the receipt of entry ${index - 1}.`).waitFor();
});

walk("a receipt that somebody gives is checked, pasted and as a file, and one changed byte refused", { as: "carol" }, async ({ page }) => {
  const index = await payment();
  const text = await receiptOf(index);
  await open(page, "ledger");
  await check(page).getByRole("textbox", { name: "Paste it, drop a file here, or choose one" }).fill(text);
  await check(page).getByText("Verified in this page").waitFor();
  await check(page).getByText('"get_invoice"').waitFor();
  await accessible(page, "a good receipt");

  const file = join(scene.directory, "forged.json");
  await writeFile(file, forged(text));
  await check(page).getByLabel("A file with a receipt").setInputFiles(file);
  await check(page).getByRole("alert").getByText("Refused: this receipt proves nothing").waitFor();
  assert.equal(await check(page).getByText('"get_invoice"').count(), 0);
  await fit(page, "a forged receipt");

  await check(page).getByRole("textbox", { name: "Paste it, drop a file here, or choose one" }).fill(text);
  await check(page).getByText("Verified in this page").waitFor();
  // The key of another ledger does not vouch for this one.
  await check(page).getByText("Check with a key that was kept elsewhere").click();
  const own = (await ask("carol", "GET", "/v1/ledger/key")).body.trim();
  const other = own.replace(/.{6}$/, (end) => [...end].reverse().join(""));
  await check(page).getByRole("textbox", { name: /^Public key/ }).fill(other);
  await check(page).getByRole("button", { name: "Pin" }).click();
  await check(page).getByRole("alert").waitFor();
  await check(page).getByRole("textbox", { name: /^Public key/ }).fill(own);
  await check(page).getByRole("button", { name: "Pin" }).click();
  await check(page).getByText("a key that you gave").waitFor();
});

walk("a ledger of another name is told of, and so is one that does not fit what was kept", { as: "carol" }, async ({ page }) => {
  await payment();
  await open(page, "ledger");
  await page.getByText("This browser sees it for the first time").waitFor();
  await payment();
  await page.reload();
  await page.getByText("It only grew").waitFor();
  // As if it had known a ledger of another name here.
  await page.evaluate(() => localStorage.setItem("sentinel.ledger.known", "sentinel/earlier"));
  await page.reload();
  await page.getByRole("alert").getByText("This is another ledger than the one this browser knew: sentinel/earlier").waitFor();
  await fit(page, "a ledger of another name");
  await page.getByRole("button", { name: "It is meant: know this one" }).click();
  await page.getByText("than the one this browser knew").waitFor({ state: "detached" });
  // What it kept was changed, so nobody signed that. A past that was changed and signed is `past.mjs`'s.
  await page.evaluate(() => {
    for (const [name, note] of Object.entries({ ...localStorage })) {
      if (!name.startsWith("sentinel.ledger.checkpoint")) continue;
      const [origin, size, root, ...rest] = note.split("\n");
      localStorage.setItem(name, [origin, size, `${root[0] === "A" ? "B" : "A"}${root.slice(1)}`, ...rest].join("\n"));
    }
  });
  await page.reload();
  await page.getByRole("alert").getByText("This is not the ledger that was seen before").waitFor();
  await fit(page, "another ledger");
});

walk("records are taken along as a file", { as: "carol" }, async ({ page }) => {
  await payment();
  await open(page, "ledger");
  const panel = page.locator("section").filter({ has: page.getByRole("heading", { name: "Export" }) });
  await panel.getByLabel("Agent").fill("payments-agent");
  const [file] = await Promise.all([page.waitForEvent("download"), panel.getByRole("button", { name: "CSV" }).click()]);
  assert.match(await readFile(await file.path(), "utf8"), /get_invoice/);
  await page.getByText("about payments-agent").waitFor();
});

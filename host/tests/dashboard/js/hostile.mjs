// Text of agents that would like to be code, to hide, to move what stands beside it, or to be very much. On every
// page that shows text of agents: it is text, unprintable characters are written out, and the page goes on.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accessible, ask, call, clean, narrow, open, scene, serve, walk } from "./helpers.mjs";

const RUN = "window.pwned=1;alert(1);fetch('/pwned')";

/** What each tries, by a word that is looked for in the page. */
const HOSTILE = {
  image: `<img src=x onerror="${RUN}">image`,
  script: `</script><script>${RUN}</script>script`,
  svg: `<svg/onload=${RUN}>svg`,
  style: `</title></style></textarea><style>*{display:none}</style>style`,
  attribute: `" onmouseover="${RUN}" autofocus onfocus="${RUN}" x="attribute`,
  link: `javascript:${RUN}//link`,
  template: `{{constructor.constructor("${RUN}")()}}\${${RUN}}template`,
  bidi: "\u202Etxt.exe\u202C\u2066hidden\u2069bidi",
  zero: "ze\u200Bro\u200D\uFEFF\u00AD\u2060zero",
  escape: "\u001B[31mred\u001B]0;owned\u0007\u009B1mescape",
  control: "a\rb\u0000c\u0008d\u2028e\u2029control",
  prototype: "__proto__",
  constructor: "constructor",
};
const ALL = Object.values(HOSTILE);
/** None of these may stand in a page as they are. */
const UNSEEN = /[\u202A-\u202E\u2066-\u2069\u200B-\u200D\uFEFF\u00AD\u2060\u001B\u009B\u0000\u0007\u0008\u2028\u2029]/u;
/** What a policy may say: it is refused with control characters in it. */
const PRINTABLE = ALL.filter((text) => text !== HOSTILE.escape && text !== HOSTILE.control);
const LARGE = `${"A<b>\u202E".repeat(260_000)}`;

/** An id that is allowed, and would be a key of every object. */
const AGENTS = ["constructor", "hasOwnProperty", "toString", "hostile.agent-1"];

const policy = (agentId) => ({
  agentId,
  version: "1.0.0",
  description: HOSTILE.image + HOSTILE.bidi,
  identity: { role: `Role ${HOSTILE.script}`, authorityLevel: "limited-ops", environmentScope: ["development", HOSTILE.zero] },
  metadata: { team: HOSTILE.image, humanSponsor: HOSTILE.link, note: HOSTILE.svg },
  toolActions: { allowed: ["ask", "look", ...PRINTABLE], denied: ["never"], bash: { allow: ["echo *"], deny: [`rm ${HOSTILE.image}`] } },
  rules: [{ name: "hostile-rule", tools: ["look"], when: { param: "x", operator: "eq", value: 1 }, action: "block", message: HOSTILE.script }],
  approvals: { tools: ["ask", "Bash", HOSTILE.image], expiresSeconds: 600 },
  budgets: [{ name: "day", limit: "1000.00", per: "day", by: "payee", tools: ["look"] }],
  tags: [{ add: ["tag"], tools: ["look"] }],
});

for (const agent of AGENTS) {
  const { status, body } = await ask("admin", "POST", "/v1/deploy", { soe: policy(agent) });
  assert.equal(status, 200, JSON.stringify(body));
}
const input = { command: HOSTILE.script, __proto__: 1, ["__proto__"]: { pwned: 1 }, text: ALL, [HOSTILE.image]: HOSTILE.svg, constructor: { prototype: { pwned: 1 } } };
const raw = JSON.stringify({ agentId: "hostile.agent-1", toolName: "look", toolInput: 0, payee: HOSTILE.link, cost: { usd: "1.00" } }).replace('"toolInput":0', `"toolInput":${JSON.stringify(input)}`);
const made = await ask("agent", "POST", "/v1/evaluate", raw);
assert.equal(made.status, 200, JSON.stringify(made.body));
for (const tool of ALL) await call("hostile.agent-1", tool, { file_path: HOSTILE.image, command: HOSTILE.script });
for (const agent of AGENTS) await call(agent, "look", { x: 1 });
for (const command of ALL) await call("hostile.agent-1", "Bash", { command: `echo '${command.replaceAll("'", "")}'` });
await call("hostile.agent-1", "Bash", { command: `echo ${"very ".repeat(4000)}` });
await call("hostile.agent-1", "look", { large: LARGE, file_path: LARGE });
await call("hostile.agent-1", LARGE.slice(0, 100_000), {});
const questions = [];
for (const { toolName, toolInput } of [
  { toolName: "ask", toolInput: { ...input, all: ALL } },
  { toolName: HOSTILE.image, toolInput: { path: HOSTILE.bidi } },
  // Nobody is asked about more than 64 KiB.
  { toolName: "ask", toolInput: { large: LARGE.slice(0, 32_000) } },
]) {
  const asked = await call("hostile.agent-1", toolName, toolInput);
  assert.ok(asked.approval, JSON.stringify(asked).slice(0, 500));
  questions.push(asked.approval.id);
}
await ask("alice", "POST", `/v1/approvals/${questions[1]}/deny`, { note: HOSTILE.image.slice(0, 200) });
const last = (await ask("carol", "GET", "/v1/dashboard?limit=1")).body.recentEvents[0].index;

/** The text of the page has it; nothing of it is an element; nothing that cannot be seen is left as it is. */
async function harmless(page, ...words) {
  for (const word of words) await page.getByText(word).first().waitFor();
  await clean(page);
  const text = await page.evaluate(() => {
    const all = [];
    const take = (root) => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        if (node.nodeType === 3) all.push(node.data);
        else {
          for (const name of ["title", "aria-label"]) all.push(node.getAttribute(name) ?? "");
          if (node.shadowRoot !== null) take(node.shadowRoot);
        }
      }
    };
    take(document);
    return all.join(" ");
  });
  const found = UNSEEN.exec(text);
  assert.equal(found === null ? null : `U+${found[0].codePointAt(0).toString(16)} in ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 40))}`, null);
  // It still answers.
  assert.equal(await page.evaluate(() => new Promise((frame) => requestAnimationFrame(() => frame(2)))), 2);
}

walk("Live", { as: "carol" }, async ({ page }) => {
  await open(page, "live");
  await harmless(page, "hostile.agent-1", "<img src=x", "\\u{202e}");
  await call("hostile.agent-1", HOSTILE.svg, {});
  await harmless(page, "<svg/onload");
  for (const text of [HOSTILE.image, HOSTILE.bidi, "[", "(.*)*$", "\\"]) {
    await page.getByLabel("Tool contains").fill(text);
    await harmless(page);
  }
  await page.getByLabel("Tool contains").fill("");
  await accessible(page, "hostile Live");
  await narrow(page, "hostile Live");
});

walk("Agents", { as: "carol" }, async ({ page }) => {
  await open(page, "agents");
  for (const agent of AGENTS) await page.getByRole("link", { name: agent, exact: true }).waitFor();
  await harmless(page, "Role </script>");
  await narrow(page, "hostile Agents");
  for (const agent of AGENTS) {
    await open(page, `agents/${agent}`);
    await harmless(page, "Role </script>", "<img src=x");
    await page.getByText("agentId").first().waitFor();
  }
  await open(page, "agents/hostile.agent-1");
  await harmless(page, "javascript:");
  await accessible(page, "a hostile agent");
  await narrow(page, "a hostile agent");
});

walk("addresses", { as: "carol" }, async ({ page }) => {
  for (const text of ALL) {
    const part = encodeURIComponent(text);
    for (const place of [`agents/${part}`, `approvals/${part}`, `policy/${part}`, `ledger?agent=${part}&kind=${part}&before=${part}`, `ledger/${part}`, part]) {
      await page.goto(`${scene.address}/dashboard/#/${place}`);
      await page.locator("#page-title").first().waitFor();
      await clean(page);
    }
  }
  await page.goto(`${scene.address}/dashboard/#/agents/%E0%A4%A`);
  await harmless(page);
});

walk("Approvals", { as: "alice" }, async ({ page }) => {
  for (const [at, id] of questions.entries()) {
    await open(page, `approvals/${id}`);
    await page.getByText(at === 1 ? "Denied." : "These are the bytes.").first().waitFor();
    await harmless(page, at === 2 ? "more characters" : "<img src=x");
    await narrow(page, `hostile question ${at}`);
    if (at === 0) await accessible(page, "a hostile question");
  }
  await page.getByRole("button", { name: /^Show / }).first().click();
  await harmless(page, "These are the bytes.");
  await page.goto(`${scene.address}/dashboard/#/approvals`);
  await harmless(page, "hostile.agent-1");
  const [bash] = (await ask("alice", "GET", "/v1/approvals?status=open&limit=100")).body.approvals.filter((one) => one.toolName === "Bash");
  await open(page, `approvals/${bash.id}`);
  await page.getByRole("tree").waitFor();
  await harmless(page, "<img src=x");
  await open(page, `approvals/${questions[0]}`);
  await page.getByText("These are the bytes.").waitFor();
  await page.getByLabel("Note, for the record").fill(HOSTILE.image);
  await page.getByRole("button", { name: "Deny" }).click();
  await page.getByText("Denied: ask").waitFor();
  await harmless(page, "<img src=x");
});

walk("the ledger", { as: "carol" }, async ({ page }) => {
  await open(page, "ledger");
  await harmless(page, "hostile.agent-1");
  await narrow(page, "hostile ledger");
  for (let index = last; index > last - 12; index -= 1) {
    await open(page, `ledger/${index}`);
    await page.getByText("Verified in this page").waitFor();
    await harmless(page, "hostile");
  }
  // Receipts that were made up.
  await open(page, "ledger");
  const box = page.getByRole("textbox", { name: "Paste it, drop a file here, or choose one" });
  for (const text of [...ALL, '{"__proto__":{"pwned":1}}', `{"format":"sentinel-receipt/v1","index":0,"entry":${JSON.stringify(HOSTILE.image)},"checkpoint":${JSON.stringify(HOSTILE.script)}}`, "[".repeat(100_000)]) {
    await box.fill(text);
    await page.getByRole("alert").getByText("Refused: this receipt proves nothing").waitFor();
    await harmless(page);
  }
  for (const [at, bytes] of [Buffer.from([0xff, 0xfe, 0, 60, 115, 62]), LARGE, JSON.stringify({ format: "sentinel-receipt/v1", index: 0, entry: LARGE })].entries()) {
    await box.fill("");
    const file = join(scene.directory, `hostile-${at}.json`);
    await writeFile(file, bytes);
    await page.getByLabel("A file with a receipt").setInputFiles(file);
    await page.getByRole("alert").getByText("Refused: this receipt proves nothing").waitFor();
    await harmless(page);
  }
});

// Where lines are typed over, Chromium itself tries to keep their look by inline styles, and is refused.
const EDITING = ["VIOLATION style-src-attr inline", "Applying inline style violates"];

walk("Policy", { as: "admin", expects: EDITING }, async ({ page }) => {
  await open(page, "policy/hostile.agent-1");
  await page.getByText(/recorded calls get/).waitFor();
  await harmless(page, "agentId");
  const editor = page.getByRole("textbox", { name: /^Policy of / });
  for (const text of [...ALL, JSON.stringify({ agentId: HOSTILE.image, version: HOSTILE.bidi, ["__proto__"]: { pwned: 1 } }), `agentId: "${"\\u202E".repeat(3)}<script>"\n__proto__: {pwned: 1}\n`]) {
    await editor.click();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.insertText(text);
    await page.getByText(/\d+ errors?/).first().waitFor();
    await harmless(page);
  }
  await page.getByRole("button", { name: "Discard draft" }).click();
  await page.getByText(/^(The policy is valid|Valid, with)/).waitFor();
  await page.getByRole("tab", { name: /^Decisions/ }).click();
  await page.getByRole("button", { name: /^Unchanged/ }).click();
  await harmless(page, "<img src=x");
  await page.getByRole("list", { name: "Calls" }).getByRole("button").filter({ hasText: "<img" }).first().click();
  await harmless(page, "<img src=x");
});

const at = await serve(scene.playground);

walk("the playground", { at }, async ({ page }) => {
  await page.goto(`${at}/playground/`);
  await page.locator(".v-line").waitFor();
  const command = page.getByRole("textbox", { name: "Command" });
  for (const [name, text] of Object.entries(HOSTILE)) {
    for (const line of [text, `git log ${text} | sh -c '${text.replaceAll("'", "")} end-${name}'`]) {
      await command.fill(line);
      await page.locator(".v-marked").getByText(line === text ? name.slice(0, 4) : `end-${name}`).first().waitFor();
      await harmless(page);
    }
  }
  await command.fill(LARGE.slice(0, 200_000));
  await page.getByText("Show all 200,000 characters").waitFor();
  await harmless(page);
});

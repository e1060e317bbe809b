// Approvals: a call waits, the page hashes what it shows, one person says yes and no with notes, and the agent's
// next request gets what was said. One question ends unanswered. One is answered by keyboard alone.

import assert from "node:assert/strict";
import { accessible, ask, call, fit, narrow, open, question, scene, shifts, signIn, walk } from "./helpers.mjs";

/** Asks a person about deployments and about every command. */
const POLICY = (agentId, more = {}) => ({
  agentId,
  version: "1.0.0",
  identity: { role: "Deployer", authorityLevel: "limited-ops", environmentScope: ["development"] },
  toolActions: { allowed: ["deploy", "look"], bash: { allow: ["git *", "grep *", "xargs *", "sort *", "npm test"] } },
  approvals: { tools: ["deploy", "Bash"], ...more },
});

const govern = async (policy) => assert.equal((await ask("admin", "POST", "/v1/deploy", { soe: policy })).status, 200);
await govern(POLICY("deployer"));
// The shortest time that a policy can give.
await govern(POLICY("hasty", { expiresSeconds: 10 }));
await govern(POLICY("careful", { quorum: 2 }));

const inbox = (page) => page.getByRole("list").filter({ has: page.getByRole("link", { name: /deploy|Bash/ }) });
const entry = (page, text) => page.getByRole("link").filter({ hasText: text });
const approve = (page) => page.getByRole("button", { name: "Approve" });
const deny = (page) => page.getByRole("button", { name: "Deny" });
const note = (page) => page.getByLabel("Note, for the record");
const proven = (page) => page.getByText("These are the bytes.").waitFor();
const again = (id, agent, tool, input) => call(agent, tool, input, { approvalId: id });
const answers = async (id) => (await ask("carol", "GET", `/v1/approvals/${id}`)).body.answers;

walk("a call waits, and the window's title says so", { as: "alice" }, async ({ page }) => {
  const first = await question("deployer", "deploy", { service: "shop", version: "4.1.0" });
  await open(page, "policy/deployer");
  await page.getByText(/^(The policy is valid|Valid, with)/).waitFor();
  await page.waitForFunction(() => /^\(\d+\)/.test(document.title));
  const before = Number(/^\((\d+)\)/.exec(await page.title())[1]);
  await shifts(page);
  const id = await question("deployer", "deploy", { service: "shop", version: "4.2.0" });
  await page.waitForFunction((least) => Number(/^\((\d+)\)/.exec(document.title)?.[1]) > least, before);
  await page.getByRole("link", { name: /^Approvals \d+ waiting/ }).waitFor();
  assert.deepEqual(await shifts(page), []);
  for (const own of [first, id]) assert.equal((await ask("alice", "POST", `/v1/approvals/${own}/deny`, {})).status, 200);
});

// Asked here, so that nothing ends while the first step counts what waits.
const unanswered = {};
walk("one that nobody will answer is asked", {}, async () => {
  unanswered.id = await question("hasty", "deploy", { service: "nobody-looks" });
});

walk("one is approved and one denied, with notes, and the agent gets what was said", { as: "alice" }, async ({ page }) => {
  const yes = { service: "shop", version: "4.2.0", why: "the cart is fixed" };
  const no = { service: "shop", version: "0.0.1" };
  const yesId = await question("deployer", "deploy", yes);
  const noId = await question("deployer", "deploy", no);
  await open(page, `approvals/${yesId}`);
  await page.getByRole("heading", { name: "deployer wants deploy" }).waitFor();
  await proven(page);
  // What the page hashed is what the daemon asks about.
  const { body } = await ask("alice", "GET", `/v1/approvals/${yesId}`);
  await page.locator(".digest-code").getByText(body.callSha256).waitFor();
  await page.getByRole("group", { name: /^The exact call/ }).getByText("the cart is fixed").waitFor();
  await page.getByText("Why a person is asked:").waitFor();
  await fit(page, "a question");
  await shifts(page);
  await note(page).fill("seen the diff");
  await approve(page).click();
  await page.getByText("Approved: deploy, once").waitFor();
  const allowed = await again(yesId, "deployer", "deploy", yes);
  assert.deepEqual([allowed.decision, allowed.permitted, allowed.code], ["allow", true, "approved"]);
  const twice = await again(yesId, "deployer", "deploy", yes);
  assert.deepEqual([twice.permitted, twice.code], [false, "approval-used"]);
  assert.deepEqual((await answers(yesId)).map(({ subject, answer, note }) => ({ subject, answer, note })), [{ subject: "alice", answer: "approve", note: "seen the diff" }]);
  await page.getByText("Approved, and it went ahead.").waitFor();
  await fit(page, "a question that was answered");

  await page.goto(`${scene.address}/dashboard/#/approvals/${noId}`);
  await page.getByText("0.0.1").first().waitFor();
  await proven(page);
  await note(page).fill("too old");
  await deny(page).click();
  await page.getByText("Denied: deploy").waitFor();
  const denied = await again(noId, "deployer", "deploy", no);
  assert.deepEqual([denied.decision, denied.permitted, denied.code], ["deny", false, "approval-denied"]);
  assert.equal((await answers(noId))[0].note, "too old");
  await page.goto(`${scene.address}/dashboard/#/approvals?tab=all`);
  await entry(page, "denied").first().waitFor();
  await entry(page, "used").first().waitFor();
  await fit(page, "answered ones");
});

walk("a command is drawn as the tree of what would run", { as: "alice" }, async ({ page }) => {
  const command = "git log --oneline | grep 'fix' && sudo bash -c 'xargs rm -rf < list'";
  const asked = await call("deployer", "Bash", { command: "git log --oneline | grep fix | xargs -n 1 git show" });
  assert.equal(asked.decision, "escalate", JSON.stringify(asked));
  assert.equal((await call("deployer", "Bash", { command })).decision, "deny");
  await open(page, `approvals/${asked.approval.id}`);
  await proven(page);
  const tree = page.getByRole("tree", { name: "Commands that would run" });
  await tree.getByRole("treeitem").filter({ hasText: "git show" }).last().waitFor();
  const texts = await tree.getByRole("treeitem").allInnerTexts();
  for (const part of ["git log --oneline", "grep fix", "xargs -n 1 git show"]) assert.ok(texts.some((text) => text.includes(part)), `${part} in ${texts}`);
  const inner = tree.getByRole("treeitem").filter({ hasText: /git show$/ }).last();
  assert.ok(Number(await inner.getAttribute("aria-level")) > 1, "what xargs runs is below it");
  await fit(page, "a command");
  await deny(page).click();
  await page.getByText("Denied: Bash").waitFor();
});

walk("other bytes than those that were asked about cannot be answered", { as: "alice" }, async ({ page }) => {
  const id = await question("deployer", "deploy", { service: "shop", version: "9.9.9" });
  await page.route(new RegExp(`/v1/approvals/${id}(\\?|$)`), async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    await route.fulfill({ response: answer, json: { ...body, callText: body.callText?.replace("9.9.9", "9.9.8") ?? null } });
  });
  await open(page, `approvals/${id}`);
  await page.getByRole("alert").getByText("These are not the bytes that the question is about.").waitFor();
  assert.ok(await approve(page).isDisabled());
  await fit(page, "bytes that differ");
  // A no harms nobody, whatever the bytes are.
  await deny(page).click();
  await page.getByText("Denied: deploy").waitFor();
  assert.equal((await ask("carol", "GET", `/v1/approvals/${id}`)).body.status, "denied");
});

walk("bytes of another tool than the question says cannot be approved", { as: "alice" }, async ({ page }) => {
  const id = await question("deployer", "deploy", { service: "shop", version: "9.9.7" });
  await page.route(new RegExp(`/v1/approvals/${id}(\\?|$)`), async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), toolName: "look" } });
  });
  await open(page, `approvals/${id}`);
  await page.getByRole("alert").getByText("These bytes are about something else than the question says.").waitFor();
  assert.ok(await approve(page).isDisabled());
  assert.ok(await deny(page).isEnabled());
  await accessible(page, "bytes of another tool");
});

walk("without the engine one can say no, not yes", { as: "alice" }, async ({ page }) => {
  const id = await question("deployer", "deploy", { service: "shop", version: "9.9.6" });
  await page.route("**/*.wasm", (route) => route.abort());
  await open(page, `approvals/${id}`);
  await page.getByText("The engine could not be started in this browser").first().waitFor();
  assert.ok(await approve(page).isDisabled());
  await deny(page).click();
  await page.getByText("Denied: deploy").waitFor();
});

walk("values are shown as they are written in the bytes", { as: "alice" }, async ({ page }) => {
  const input = '{"account":9007199254740993,"amount":1e400,"rate":0.10,"forced":true,"said":"true","deep":{"n":10000000000000000001}}';
  const { body } = await ask("agent", "POST", "/v1/evaluate", `{"agentId":"deployer","toolName":"deploy","toolInput":${input}}`);
  await open(page, `approvals/${body.approval.id}`);
  await proven(page);
  const read = page.locator("section").filter({ has: page.getByRole("heading", { name: "Read as" }) });
  const field = async (name) => (await read.locator("dl > div").filter({ has: page.locator("dt", { hasText: name }) }).locator("dd").innerText()).trim();
  assert.deepEqual(
    [await field("account"), await field("amount"), await field("rate"), await field("forced"), await field("said")],
    ["9007199254740993", "1e400", "0.10", "true", '"true"'],
  );
  assert.match(await field("deep"), /10000000000000000001/);
  await fit(page, "values as they are written");
  await deny(page).click();
});

walk("who may only approve is shown every reason, and no tick", { as: "erin" }, async ({ page }) => {
  const command = "git log \u202e && grep '\\u{202e}' a | xargs -n 1 git show";
  const asked = await call("deployer", "Bash", { command });
  assert.equal(asked.decision, "escalate", JSON.stringify(asked));
  const { body } = await ask("erin", "GET", `/v1/approvals/${asked.approval.id}`);
  assert.ok(body.reasons.length >= 2, JSON.stringify(body.reasons));
  assert.equal((await ask("erin", "GET", "/v1/agents/deployer/policy")).status, 403, "erin cannot read the policy");
  await open(page, `approvals/${asked.approval.id}`);
  await proven(page);
  const reasons = page.getByRole("region", { name: "Reasons" });
  await reasons.getByText(`Why a person is asked: ${body.reasons.length} reasons, and a yes is for all of them.`).waitFor();
  for (const { code } of body.reasons) await reasons.getByText(code).first().waitFor();
  const tree = page.getByRole("tree", { name: "Commands that would run" });
  await tree.getByRole("treeitem").filter({ hasText: "git show" }).last().waitFor();
  assert.equal(await page.locator(".question .v-allow").count(), 0, "nothing is said to be fine");
  // The character is marked, and what was typed is not.
  assert.deepEqual(await tree.getByRole("treeitem").filter({ hasText: "git log" }).last().locator(".escaped").allInnerTexts(), ["\\u{202e}"]);
  const typed = tree.getByRole("treeitem").filter({ hasText: "grep" }).last();
  assert.match(await typed.innerText(), /\\u\{202e\}/);
  assert.equal(await typed.locator(".escaped").count(), 0);
  await fit(page, "a question with several reasons");
  await note(page).fill("looked at all of them");
  await approve(page).click();
  await page.getByText("Approved: Bash, once").waitFor();
  assert.equal((await again(asked.approval.id, "deployer", "Bash", { command })).permitted, true);
});

walk("after another policy was deployed a yes is not taken for one", { as: "erin" }, async ({ page }) => {
  const input = { service: "meanwhile" };
  await govern(POLICY("changing"));
  const id = await question("changing", "deploy", input);
  await open(page, `approvals/${id}`);
  await proven(page);
  assert.ok(await approve(page).isEnabled());
  await govern({ ...POLICY("changing"), version: "1.0.1" });
  await page.getByText("The policy that asked this does not govern changing any more.").waitFor();
  assert.ok(await approve(page).isDisabled());
  await page.getByText("A yes would be worth nothing: the policy that asked does not govern any more.").waitFor();
  await fit(page, "a question of a policy that was replaced");
  await deny(page).click();
  await page.getByText("Denied: deploy").waitFor();
});

walk("a second person has to agree, and nobody says yes twice", { as: "alice" }, async ({ page, context }) => {
  const input = { service: "billing" };
  const id = await question("careful", "deploy", input);
  await open(page, `approvals/${id}`);
  await proven(page);
  await page.getByText("0 of 2").waitFor();
  await approve(page).click();
  await page.getByText("Your yes counts. More people have to agree.").waitFor();
  await page.getByText("You have said yes. It waits for 1 more.").waitFor();
  assert.ok(await approve(page).isDisabled());
  await accessible(page, "one yes of two");
  assert.equal((await again(id, "careful", "deploy", input)).permitted, false);
  await context.clearCookies();
  await signIn(context, scene.keys.bob);
  await page.reload();
  await proven(page);
  await approve(page).click();
  await page.getByText("Approved: deploy, once").waitFor();
  assert.equal((await again(id, "careful", "deploy", input)).permitted, true);
});

walk("who may only look cannot answer", { as: "carol" }, async ({ page }) => {
  const id = await question("deployer", "deploy", { service: "only-seen" });
  await open(page, `approvals/${id}`);
  await page.getByText("You may look: answering needs the role approve.").waitFor();
  assert.ok(await approve(page).isDisabled());
  assert.equal((await ask("carol", "POST", `/v1/approvals/${id}/approve`, {})).status, 403);
  await fit(page, "a question for somebody who looks");
});

walk("by keyboard alone: signed in, to the question, approved", { context: { reducedMotion: "no-preference" } }, async ({ page }) => {
  const input = { service: "by-keyboard" };
  const id = await question("deployer", "deploy", input);
  const { press } = page.keyboard;
  const key = press.bind(page.keyboard);
  /** Goes on with Tab until what has the focus is this. */
  const tabTo = async (what) => {
    for (let steps = 0; steps < 80; steps += 1) {
      await key("Tab");
      const name = await page.evaluate(() => {
        const own = document.activeElement;
        return `${own?.getAttribute("aria-label") ?? ""} ${own?.textContent ?? ""} ${own?.getAttribute("placeholder") ?? ""}`;
      });
      if (what.test(name)) {
        const seen = await page.evaluate(() => {
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
          return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
        });
        assert.ok(seen, `the focus on ${name} can be seen`);
        return;
      }
    }
    assert.fail(`Tab does not come to ${what}`);
  };
  await page.goto(`${scene.address}/dashboard/`);
  await page.getByLabel("Token or API key").waitFor();
  await page.keyboard.type(scene.keys.bob);
  await key("Enter");
  await page.getByRole("heading", { name: "Live", level: 1 }).waitFor();
  await tabTo(/^\s*Approvals/);
  await key("Enter");
  await page.getByRole("heading", { name: "Approvals", level: 1 }).waitFor();
  await entry(page, "deployer").first().waitFor();
  // The list is by time left; this question is looked for by its address.
  for (let found = false; !found; ) {
    await tabTo(/deployer/);
    found = await page.evaluate((id) => document.activeElement?.getAttribute("href")?.endsWith(id) === true, id);
  }
  await key("Enter");
  await page.getByText("by-keyboard").first().waitFor();
  await proven(page);
  await tabTo(/Note, for the record/);
  await page.keyboard.type("by keyboard");
  await tabTo(/^\s*Approve/);
  await key("Enter");
  await page.getByText("Press Approve once more to let this call through.").waitFor();
  assert.equal((await again(id, "deployer", "deploy", input)).permitted, false, "one press is not enough");
  await accessible(page, "armed");
  // A key that is held down is not a second press, so the first ones may come too soon.
  await assertEventually(async () => {
    await key("Enter");
    return (await ask("bob", "GET", `/v1/approvals/${id}`)).body.status === "approved";
  });
  assert.equal((await again(id, "deployer", "deploy", input)).permitted, true);
  assert.equal((await answers(id))[0].note, "by keyboard");
});

walk("one that nobody answered has ended, and says so", { as: "alice" }, async ({ page }) => {
  await open(page, `approvals/${unanswered.id}`);
  await page.getByText("Nobody answered in time.").waitFor();
  assert.equal(await approve(page).count(), 0);
  await fit(page, "a question that ended");
  assert.equal((await again(unanswered.id, "hasty", "deploy", { service: "nobody-looks" })).code, "approval-expired");
  await page.goto(`${scene.address}/dashboard/#/approvals?tab=all`);
  await entry(page, "expired").first().waitFor();
});

walk("nothing waits", { as: "bob" }, async ({ page }) => {
  for (const { id } of (await ask("alice", "GET", "/v1/approvals?status=open&limit=100")).body.approvals) await ask("alice", "POST", `/v1/approvals/${id}/deny`, {});
  await open(page, "approvals");
  await page.getByText("Nothing waits").waitFor();
  await fit(page, "an empty inbox");
  assert.ok(!/^\(/.test(await page.title()));
  const id = await question("deployer", "deploy", { service: "last" });
  await entry(page, "deployer").first().waitFor();
  await narrow(page, "an inbox with one");
  assert.ok(await inbox(page).count() > 0);
  assert.equal((await ask("alice", "POST", `/v1/approvals/${id}/deny`, {})).status, 200);
  await page.getByText("Nothing waits").waitFor();
});

/** Does it until it is so. Each turn waits for the daemon. */
async function assertEventually(isSo) {
  for (let turns = 0; turns < 200; turns += 1) if (await isSo()) return;
  assert.fail("not in time");
}

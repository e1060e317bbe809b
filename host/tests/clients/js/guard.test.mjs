// guardFetch that lets the daemon decide: what is decided is what was sent, to the byte.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compile, guardFetch } from '@sentinel/policy';

import { answer, ask, entries, eventually, inner, message, nested, payment, policy, refused, scene } from './scene.mjs';

const SHOP = 'https://shop.example/tiles';
const BANK = 'https://bank.example/mcp';

const governed = (fetch, { daemon = {}, policy: own = policy, ...more } = {}) =>
    guardFetch(fetch, own, { approveTimeoutMs: 60_000, onError: (error) => assert.fail(error), ...more, daemon: { url: scene.address, token: scene.keys.agent, timeoutMs: 240_000, ...daemon } });
const pays = (guarded, micros, body = 'with \u2764\ufe0f') => guarded(SHOP, { method: 'POST', headers: { 'payment-signature': payment(micros) }, body });

test('a payment is held at the daemon, and settled there', async () => {
    const guarded = governed(inner());
    assert.equal((await pays(guarded, 500_000)).status, 200);
    await guarded.close();
    const { body } = await ask('alice', 'GET', '/v1/agents/buyer/budgets');
    assert.deepEqual([body.budgets[0].used, body.budgets[0].held], ['0.50', '0.00']);
    const [outcome] = await entries('outcome');
    assert.equal(outcome.toolOutput.transaction, `0x${'ab'.repeat(32)}`);
});

test('a person says yes to a payment whose body has what the engine writes in its own way', async () => {
    const fetch = inner();
    for (const sessionId of [undefined, (await ask('agent', 'POST', '/v1/sessions', { agentId: 'buyer' })).body.sessionId]) {
        const guarded = governed(fetch, { daemon: { sessionId } });
        const before = fetch.asked.length;
        const going = pays(guarded, 1_200_000);
        const question = await answer('approve');
        assert.equal(fetch.asked.length, before, 'nothing left before the answer');
        assert.equal(question.call.toolInput.body, 'with \u2764\ufe0f');
        assert.equal((await going).status, 200);
        assert.equal(await fetch.asked.at(-1).text(), 'with \u2764\ufe0f');
        const { body } = await ask('alice', 'GET', `/v1/approvals/${question.id}`);
        assert.deepEqual([body.status, body.code], ['used', 'approval-above']);
        await guarded.close();
    }
});

test('one yes is for one of two requests', async () => {
    const fetch = inner();
    const guarded = governed(fetch);
    const both = [pays(guarded, 1_000_001, 'the same'), pays(guarded, 1_000_001, 'the same')];
    const settled = Promise.allSettled(both);
    const first = await answer('approve');
    const second = await answer('deny');
    assert.notEqual(first.id, second.id);
    const done = await settled;
    assert.deepEqual(done.map((own) => own.value?.status ?? own.reason.code).sort(), [200, 'approval-denied'].sort());
    assert.equal(fetch.asked.length, 1);
    await guarded.close();
});

test('numbers that no double holds are decided and recorded as they are sent', async () => {
    const { sessionId } = (await ask('agent', 'POST', '/v1/sessions', { agentId: 'buyer' })).body;
    // Only the daemon knows of the account.
    const reading = compile(JSON.stringify({ ...JSON.parse(scene.policy), rules: [] }));
    for (const own of [undefined, sessionId]) {
        const fetch = inner();
        const guarded = governed(fetch, { policy: reading, daemon: { sessionId: own } });
        assert.equal((await refused(guarded(BANK, message('{"account":9007199254740993, "rate":1.0}')))).code, 'rule-block');
        assert.equal((await guarded(BANK, message('{"account":9007199254740992, "rate":1.0}'))).status, 200);
        assert.equal(fetch.asked.length, 1);
        await guarded.close();
    }
    const { text } = await ask('alice', 'GET', '/v1/ledger/entries?agent=buyer&kind=verdict&limit=1000');
    assert.equal(text.split('9007199254740993').length - 1, 2, text);
});

test('a body of 4 MiB and arguments of 125 levels are decided', async () => {
    const fetch = inner();
    const guarded = governed(fetch);
    const large = 'x'.repeat(4 << 20);
    assert.equal((await guarded('https://plain.example/', { method: 'POST', body: large })).status, 200);
    assert.equal((await fetch.asked[0].text()).length, large.length);
    assert.equal((await guarded(BANK, message(nested(125), 'look'))).status, 200);
    assert.equal((await refused(guarded('https://elsewhere.example/', { method: 'POST', body: large }))).code, 'host-not-allowed');
    // Deeper than anybody reads.
    const deep = await refused(guarded(BANK, message(nested(200), 'look')));
    assert.equal(deep.permitted, false);
    assert.equal(fetch.asked.length, 2);
    await guarded.close();
    await eventually('outcomes', async () => (await entries('outcome')).length >= 2);
});

test('a daemon of another environment gives no verdict', async () => {
    const fetch = inner();
    const error = await refused(governed(fetch, { environment: 'production' })(SHOP));
    assert.deepEqual([error.code, fetch.asked.length], ['daemon-refused', 0]);
    assert.match(error.reason, /bad-request/);
});

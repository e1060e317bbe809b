// What guardFetch decided by itself, in the ledger: all of it, beside records that the daemon cannot read.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiStorage, guardFetch } from '@sentinel/policy';

import { entries, inner, message, nested, payment, policy, refused, scene } from './scene.mjs';

const storing = () => new ApiStorage({ baseUrl: scene.address, apiKey: scene.keys.agent, point: 'steps/1', timeoutMs: 240_000, batchSize: 64, flushIntervalMs: 60_000, onError: () => {} });
const PLAIN = 'https://plain.example/';
const BANK = 'https://bank.example/mcp';

test('records and outcomes are in the ledger, beside one that is too large and one that is too deep', async () => {
    const storage = storing();
    const guarded = guardFetch(inner(), policy, { audit: { storage, required: true } });
    const post = (body) => guarded(PLAIN, { method: 'POST', body });
    for (let number = 0; number < 5; number += 1) await post(`${number}`);
    await post('x'.repeat(4 << 20));
    await refused(guarded('https://elsewhere.example/', { method: 'POST', body: '"'.repeat(3 << 20) }));
    assert.equal((await guarded(BANK, message(nested(125), 'look'))).status, 200);
    assert.equal((await guarded(BANK, message(nested(100), 'look'))).status, 200);
    assert.equal((await guarded(BANK, message('{"account":9007199254740992.10}'))).status, 200);
    await guarded('https://shop.example/', { headers: { 'payment-signature': payment(500_000) } });
    await guarded.close();
    assert.deepEqual([storage.waiting, storage.refused], [0, []]);
    const verdicts = await entries('verdict');
    assert.equal(verdicts.length, 11);
    assert.ok(verdicts.every((own) => own.point === 'steps/1'));
    const left = verdicts.filter((own) => /left out: \d+ bytes/.test(JSON.stringify(own)));
    assert.equal(left.length, 3, 'two were too large, one too deep');
    // Without its body the message is none of a tool, and the entry says that it was decided otherwise there.
    assert.deepEqual(verdicts.filter((own) => own.differs).map((own) => own.pointDecision), ['allow']);
    assert.equal((await entries('outcome')).length, 10, 'one was refused');
});

test('what the daemon refuses is named, and the next ones are taken', async () => {
    const storage = storing();
    const before = (await entries('verdict')).length;
    const elsewhere = guardFetch(inner(), policy, { environment: 'production', audit: { storage }, onError: () => {} });
    const here = guardFetch(inner(), policy, { audit: { storage }, onError: () => {} });
    for (const guarded of [elsewhere, here, elsewhere, here]) await guarded(PLAIN);
    await storage.flush();
    assert.deepEqual(storage.refused.map((own) => own.code), ['bad-request', 'bad-request']);
    assert.match(storage.refused[0].detail, /environment/);
    assert.equal((await entries('verdict')).length, before + 2);
});

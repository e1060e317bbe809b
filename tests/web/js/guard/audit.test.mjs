// What is recorded of requests: names, labels, what is hidden; and what happens where nothing can be recorded.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { guardFetch, MemoryStorage } from '@sentinel/policy';
import { FileStorage } from '@sentinel/policy/node-storage';

import { directory, fake, payment, paying, policy, receipt, refused, sleep, total } from './support.mjs';

const anywhere = (more = {}) => policy(more, { allowHosts: ['*'] });
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('defect 6: a thousand requests at once are a thousand records', async () => {
    const guarded = guardFetch(fake(), anywhere());
    await Promise.all(Array.from({ length: 1_000 }, () => guarded('https://h.example/same')));
    const rows = await guarded.audit.query();
    assert.equal(rows.length, 1_000);
    assert.equal(new Set(rows.map((row) => row.id)).size, 1_000);
    assert.ok(rows.every((row) => UUID.test(row.id)));
});

test('ids are as good where there is no randomUUID', async () => {
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
    try {
        const guarded = guardFetch(fake(), anywhere());
        for (let index = 0; index < 20; index += 1) await guarded('https://h.example/');
        const ids = (await guarded.audit.query()).map((row) => row.id);
        assert.ok(new Set(ids).size === 20 && ids.every((id) => UUID.test(id)), ids[0]);
    } finally {
        delete crypto.randomUUID;
    }
});

test('defect 8: secrets are in no record, in no hook and in no export', async () => {
    const secret = 'sk-live-4f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c';
    const seen = [];
    const settled = () => new Response('', { headers: { 'payment-response': receipt(true) } });
    const storage = new MemoryStorage();
    const guarded = guardFetch(fake(settled), paying({}, {}), {
        hooks: { afterPayment: (record) => void seen.push(record), onDenied: (_, record) => void seen.push(record) },
        metadata: { cost_center: 'ENG-1', api_key: secret, note: `token=${secret}`, Own_Secret_Name: 'plain text' },
        audit: { storage, redactFields: ['own-secret-name', 'team'], enrichment: { staticTags: ['production'] } },
        team: 'hidden team',
    });
    const headers = { authorization: `Bearer ${secret}`, 'x-api-key': secret, 'payment-signature': payment(1) };
    await guarded(`http://127.0.0.1:9/v1/x?key=${secret}&q=1`, { headers });
    await refused(guarded(`https://elsewhere.example/?access_token=${secret}`, { headers: { cookie: secret } }));
    await refused(guarded(`https://user:${secret}@h.example/`));
    const all = JSON.stringify([seen, await storage.query(), await guarded.audit.exportJSON(), await guarded.audit.exportCSV()]);
    assert.doesNotMatch(all, /sk-live|4f9a8b7c/);
    assert.doesNotMatch(all, /plain text|hidden team/);
    assert.equal(seen.length, 3);
    const [first] = seen;
    assert.deepEqual([first.metadata.cost_center, first.endpoint, first.tags], ['ENG-1', 'http://127.0.0.1:9/v1/x', ['production']]);
    assert.match(first.tx_hash, /^0xabab/, 'a hash is no secret');
    assert.ok(Object.isFrozen(first));
});

test('labels', async () => {
    const own = anywhere({ tags: [{ add: ['of-the-policy'], tools: ['http'] }] });
    const tagRules = [
        { pattern: 'openai', tags: ['llm', 'openai'] },
        { pattern: 'https://*.anthropic.example/*', tags: ['llm'] },
        { pattern: 'https://h.example/?', tags: ['short'] },
        { pattern: /\/v[0-9]+\//gi, tags: ['versioned'] },
    ];
    const guarded = guardFetch(fake(), own, { audit: { enrichment: { staticTags: ['production'], tagRules } } });
    const tags = async (url) => {
        await guarded(url);
        return (await guarded.audit.query({ limit: 1 }))[0].tags;
    };
    const common = ['production', 'of-the-policy'];
    assert.deepEqual((await tags('https://h.example/x')).sort(), [...common, 'short'].sort());
    assert.deepEqual((await tags('https://api.openai.example/V1/')).sort(), [...common, 'llm', 'openai', 'versioned'].sort());
    assert.deepEqual((await tags('https://api.openai.example/v1/')).sort(), [...common, 'llm', 'openai', 'versioned'].sort(), 'again');
    assert.deepEqual((await tags('https://x.anthropic.example/')).sort(), [...common, 'llm'].sort());
    assert.deepEqual((await tags('https://h.example/xy')).sort(), [...common].sort());
    // A glob takes no more than the product of both lengths.
    const slow = guardFetch(fake(), own, { audit: { enrichment: { tagRules: [{ pattern: '*a'.repeat(200) + 'b', tags: ['x'] }] } } });
    const started = process.cpuUsage();
    await slow(`https://h.example/${'a'.repeat(8_000)}`);
    assert.ok(process.cpuUsage(started).user < 1_000_000);
});

test('records that are required and cannot be taken keep requests from leaving', async () => {
    const inner = fake();
    let works = true;
    const storage = {
        check() {
            if (!works) throw new Error('full');
        },
        write: async () => {
            if (!works) throw new Error('full');
        },
    };
    const errors = [];
    const onError = (error, where) => errors.push(`${where}: ${error.message}`);
    const guarded = guardFetch(inner, anywhere(), { audit: { storage, required: true }, onError });
    await guarded('https://h.example/');
    works = false;
    const error = await refused(guarded('https://h.example/'));
    assert.deepEqual([error.code, error.status], ['records-full', 503]);
    assert.deepEqual(errors, ['storage: full'], 'said, and not swallowed');
    works = true;
    await refused(guarded('https://h.example/')).then((error) => assert.equal(error.code, 'records-full'), () => {});
    assert.equal((await guarded('https://h.example/')).status, 200);
    // Where they are not required, it is said, and goes on.
    works = false;
    assert.equal((await guardFetch(inner, anywhere(), { audit: { storage }, onError })('https://h.example/')).status, 200);
    assert.equal(errors.at(-1), 'storage: full');
});

test('closing writes what is left', async () => {
    const path = join(directory(), 'audit.jsonl');
    const guarded = guardFetch(fake(), anywhere(), { audit: { storage: new FileStorage(path, 100) } });
    await Promise.all([1, 2, 3].map((index) => guarded(`https://h.example/${index}`)));
    await guarded.close();
    const rows = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(rows.map((row) => row.endpoint).sort(), ['https://h.example/1', 'https://h.example/2', 'https://h.example/3']);
});

test('what is left of a budget is recorded with payments', async () => {
    const settled = () => new Response('', { headers: { 'payment-response': receipt(true) } });
    const guarded = guardFetch(fake(settled), paying(total('2.00')));
    for (let index = 0; index < 3; index += 1) await guarded('http://127.0.0.1:9/', { headers: { 'payment-signature': payment(700_000) } }).catch(() => {});
    const rows = await guarded.audit.query({ order: 'asc' });
    assert.deepEqual(rows.map((row) => row.budget_remaining), ['1.300000', '0.600000', '0.600000']);
});

test('a request that waited looks again whether it can be recorded', async () => {
    const storage = { write: async () => { throw new Error('the disk is full'); } };
    let say;
    const said = new Promise((resolve) => (say = resolve));
    const inner = fake();
    const own = policy({ approvals: { tools: ['http'] } });
    const guarded = guardFetch(inner, own, { approve: () => said, audit: { storage, required: true }, onError: () => {} });
    const waiting = [1, 2, 3].map((number) => refused(guarded(`http://127.0.0.1:9/${number}`)));
    await sleep(10);
    assert.equal((await refused(guarded('http://elsewhere.example/'))).code, 'host-not-allowed');
    say(true);
    assert.deepEqual((await Promise.all(waiting)).map((error) => error.code), ['records-full', 'records-full', 'records-full']);
    assert.equal(inner.asked.length, 0);
});

// The edge worker: what needs memory is the daemon's to say, and what it decided itself is in the ledger.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ask, entries, eventually, nested, scene, sleep } from './scene.mjs';

async function edge(name, call, headers = {}) {
    const own = { authorization: `Bearer ${scene.edgeToken}`, 'content-type': 'application/json', ...headers };
    const answer = await fetch(`${scene.edges[name]}/v1/evaluate`, { method: 'POST', headers: own, body: typeof call === 'string' ? call : JSON.stringify(call) });
    return { status: answer.status, ...(await answer.json()) };
}

const call = (toolName, more = {}) => ({ agentId: 'buyer', toolName, toolInput: {}, ...more });
const dollar = call('pay', { cost: { usd: '1.00' } });

test('what it decides is in the ledger, as it was sent', async () => {
    const before = (await entries('verdict')).length;
    const numbers = '{"agentId":"buyer","toolName":"search","toolInput":{"n":12345678901234567890.10}}';
    assert.deepEqual([(await edge('here', numbers)).decision, (await edge('here', call('drop'))).decision], ['allow', 'deny']);
    // Too deep for a batch, and then for a record: it is lost, and keeps no other out.
    const deep = `{"agentId":"buyer","toolName":"search","toolInput":${nested(126)}}`;
    assert.equal((await edge('here', deep)).decision, 'allow');
    assert.equal((await edge('here', call('search'))).decision, 'allow');
    await eventually('three records', async () => (await entries('verdict')).length === before + 3);
    const own = (await entries('verdict')).slice(before);
    assert.deepEqual(own.map((entry) => [entry.point, entry.differs ?? false]), Array(3).fill(['edge/here', false]));
    const { text } = await ask('alice', 'GET', '/v1/ledger/entries?agent=buyer&kind=verdict&limit=1000');
    assert.match(text, /12345678901234567890\.10/);
});

test('what needs memory is decided at the daemon, and once for a key', async () => {
    const first = await edge('here', dollar, { 'idempotency-key': 'one' });
    const again = await edge('here', dollar, { 'idempotency-key': 'one' });
    assert.deepEqual([first.status, first.permitted, first.verdictId], [200, true, again.verdictId]);
    assert.equal(typeof first.ledger.index, 'number');
    const { sessionId } = (await ask('agent', 'POST', '/v1/sessions', { agentId: 'buyer' })).body;
    assert.equal((await edge('here', { ...dollar, sessionId })).permitted, true);
    const large = call('pay', { cost: { usd: '1.00' }, toolInput: { note: 'x'.repeat(4 << 20) } });
    assert.equal((await edge('here', large)).permitted, true);
    assert.equal((await edge('here', call('pay', { cost: { usd: '1.01' } }))).code, 'budget-exceeded');
    // Denied here, whatever the daemon knows of the key.
    const denied = await edge('here', call('drop'), { 'idempotency-key': 'two' });
    assert.deepEqual([denied.code, denied.ledger], ['tool-denied', undefined]);
});

test('a daemon of another environment decides nothing for it, and gets no records of it', async () => {
    const before = (await entries('verdict')).length;
    const asked = await edge('elsewhere', dollar);
    assert.deepEqual([asked.status, asked.code, asked.permitted], [503, 'daemon-refused', false]);
    assert.equal((await edge('elsewhere', call('search'))).decision, 'allow');
    await sleep(500);
    const now = await entries('verdict');
    assert.deepEqual(now.filter((own) => own.point === 'edge/elsewhere'), []);
    assert.ok(now.length >= before);
});

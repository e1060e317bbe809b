// A daemon that decides, and one that is reported to.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiStorage, guardFetch, MemoryStorage, Tee } from '@sentinel/policy';

import { pretendDaemon, TOKEN } from './pretend-daemon.mjs';
import { AGENT, base64, fake, PAYEE, payment, paying, policy, receipt, refused, row, serve, sleep, total } from './support.mjs';

const URL = 'http://127.0.0.1:9/buy';
const settled = () => new Response('goods', { headers: { 'payment-response': receipt(true) } });
const pay = (guarded, micros = 500_000) => guarded(URL, { headers: { 'payment-signature': payment(micros), authorization: 'Bearer inner' } });
const governed = (daemon, inner = fake(settled), more = {}) => {
    const own = { url: daemon.url, token: TOKEN, timeoutMs: 60_000, ...more.daemon };
    return guardFetch(inner, policy(), { onError: () => {}, ...more, daemon: own });
};

test('a daemon decides, and is told what became of it', async () => {
    const daemon = await pretendDaemon();
    const inner = fake(settled);
    const guarded = governed(daemon, inner, { daemon: { sessionId: 'ses_1' } });
    assert.equal((await pay(guarded)).status, 200);
    const [call] = daemon.evaluated;
    assert.deepEqual([call.agentId, call.toolName, call.sessionId, call.endpoint, call.environment], [AGENT, 'http', 'ses_1', URL, undefined]);
    assert.deepEqual(call.toolInput.headers.find(([name]) => name === 'authorization'), ['authorization', '[REDACTED]']);
    await guarded.close();
    const [{ durationMs, ...report }] = daemon.reports;
    assert.deepEqual(report, {
        agentId: AGENT, toolName: 'http', verdictId: 'main-1', outcome: 'executed',
        toolOutput: {
            endpoint: URL, method: 'GET', status_code: 200, amount_raw: '500000', asset: '0x036cbd53842c5426634e7929541ec2318f3dcf7e', network: 'eip155:84532', scheme: 'exact',
            transaction: `0x${'ab'.repeat(32)}`, payer: '0xa11ce00000000000000000000000000000000000', payee: '0x209693bc6afc0c5328ba36faf03c514ef312287c',
        },
    });
    assert.ok(durationMs >= 0);
    assert.equal(guarded.session, null);
});

test('a daemon is told what was not settled, and what nobody knows', async () => {
    const daemon = await pretendDaemon();
    for (const [answer, outcome] of [[() => new Response('', { status: 402 }), 'not-executed'], [() => new Response('goods'), 'executed'], [() => { throw new TypeError('gone'); }, 'failed']]) {
        daemon.reports.length = 0;
        const guarded = governed(daemon, fake(answer), { unsettled: 'void' });
        await pay(guarded).catch(() => {});
        await guarded.close();
        assert.deepEqual(daemon.reports.map((report) => report.outcome), [outcome]);
    }
});

test('what a daemon denies does not leave', async () => {
    const daemon = await pretendDaemon();
    daemon.verdict = () => ({ decision: 'deny', permitted: false, code: 'budget-exceeded', layer: 'budget', reason: 'Budget is spent.' });
    const inner = fake();
    const error = await refused(governed(daemon, inner)(URL));
    assert.deepEqual([error.code, error.verdictId, inner.asked.length], ['budget-exceeded', 'main-1', 0]);
});

test('a daemon that cannot be asked, or that says something else, is a denial', async () => {
    const daemon = await pretendDaemon();
    const inner = fake();
    for (const verdict of [{ toolName: 'another' }, { permitted: 'true' }, { permitted: undefined }, { agentId: 'other' }, { verdictId: undefined }, { decision: 'maybe' }, { enforced: 1 }, { code: null }, { decision: 'deny', enforced: true }, { decision: 'escalate', enforced: true }]) {
        daemon.verdict = () => ({ decision: 'allow', permitted: true, code: 'host-allowed', ...verdict });
        assert.equal((await refused(governed(daemon, inner)(URL))).code, 'daemon-refused', JSON.stringify(verdict));
    }
    const wrong = await refused(governed(daemon, inner, { daemon: { token: 'no' } })(URL));
    assert.equal(wrong.code, 'daemon-refused');
    assert.match(wrong.message, /no-credentials/);
    const answers = [
        () => new Response('<html>'), () => new Response('{"permitted":true}'), () => new Response('[]'), () => new Response('null'),
        () => new Response(JSON.stringify({ decision: 'allow', permitted: true }), { status: 500 }), () => Response.redirect('http://h/'),
    ];
    for (const answer of answers) {
        assert.equal((await refused(governed(daemon, inner, { daemon: { fetch: async () => answer() } })(URL))).code, 'daemon-refused');
    }
    const elsewhere = await serve((_, response) => response.end('{}'));
    const leading = await serve((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    assert.equal((await refused(governed(leading, inner)(URL))).code, 'daemon-refused');
    assert.equal(elsewhere.seen.length, 0, 'nobody is followed with a credential');
    daemon.close();
    assert.equal((await refused(governed(daemon, inner)(URL))).code, 'daemon-unreachable');
    const slow = { fetch: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))), timeoutMs: 20 };
    assert.equal((await refused(governed(daemon, inner, { daemon: slow })(URL))).code, 'daemon-timeout');
    assert.equal(inner.asked.length, 0);
});

test('a question to a daemon that was lost is the same question', async () => {
    const daemon = await pretendDaemon();
    let sent = 0;
    const lossy = async (url, init) => {
        const answer = await fetch(url, init);
        sent += 1;
        if (url.endsWith('/v1/evaluate') && sent === 1) throw new TypeError('lost');
        return answer;
    };
    await governed(daemon, fake(), { daemon: { fetch: lossy } })(URL);
    assert.deepEqual([sent, daemon.evaluated.length], [2, 1]);
});

test('people answer at the daemon', async () => {
    const daemon = await pretendDaemon();
    const asks = { decision: 'escalate', permitted: false, code: 'approval-above', layer: 'deterministic', approval: { id: 'apr_1', status: 'pending', quorum: 1 } };
    const yes = { decision: 'allow', permitted: true, code: 'approved', layer: 'approval', approval: { id: 'apr_1', status: 'used' } };
    let said = 'pending';
    // A yes is for the same bytes, and once.
    daemon.verdict = (call, number, body) => {
        const isIt = said === 'approved' && body === daemon.bodies[0];
        if (isIt) said = 'used';
        return isIt ? yes : asks;
    };
    const waited = ['pending', 'pending', 'approved'];
    daemon.approvals.set('apr_1', () => (said = waited.shift()));
    const inner = fake();
    assert.equal((await governed(daemon, inner)(URL)).status, 200);
    assert.deepEqual([daemon.evaluated.length, waited.length], [2, 0]);
    for (const status of ['denied', 'expired', 'cancelled', 'used']) {
        daemon.approvals.set('apr_1', () => status);
        const error = await refused(governed(daemon, inner)(URL));
        assert.deepEqual([error.code, error.verdict.decision, error.approvalId], [status === 'denied' ? 'approval-denied' : 'approval-expired', 'escalate', 'apr_1'], status);
    }
    daemon.approvals.set('apr_1', () => 'pending');
    assert.equal((await refused(governed(daemon, inner, { approveTimeoutMs: 50 })(URL))).code, 'approval-expired');
    const at = daemon.evaluated.length;
    assert.equal((await refused(governed(daemon, inner, { daemon: { wait: false } })(URL))).approvalId, 'apr_1');
    assert.equal(daemon.evaluated.length, at + 1);
    assert.equal(inner.asked.length, 1);
});

test('a yes that another request used up is asked for anew, and not for ever', async () => {
    const daemon = await pretendDaemon();
    daemon.verdict = (call, number) => ({ decision: 'escalate', permitted: false, code: 'approval-above', layer: 'deterministic', approval: { id: `apr_${number}`, status: 'pending' } });
    for (let number = 1; number <= 65; number += 1) daemon.approvals.set(`apr_${number}`, () => 'approved');
    const error = await refused(governed(daemon)(URL));
    assert.deepEqual([error.code, error.approvalId, daemon.evaluated.length], ['approval-too-many', 'apr_65', 65]);
});

test('a daemon is asked with the very text that was decided', async () => {
    const daemon = await pretendDaemon();
    let asked = 0;
    daemon.verdict = () => ((asked += 1) % 2 === 1 ? { decision: 'escalate', permitted: false, code: 'approval-above', layer: 'deterministic', approval: { id: 'apr_1', status: 'pending' } } : { decision: 'allow', permitted: true, code: 'approved', layer: 'approval' });
    daemon.approvals.set('apr_1', () => 'approved');
    const own = policy({}, { allowHosts: [], rules: [{ hosts: ['127.0.0.1:*'], mcp: { server: 'bank', allowTools: ['*'] } }] });
    const settings = { url: daemon.url, token: TOKEN, sessionId: 'ses_"1' };
    const speaks = guardFetch(fake(), own, { daemon: settings, onError: () => {} });
    const message = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send","arguments":{"account":9007199254740993, "rate":1.0}}}';
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    assert.equal((await speaks(URL, { method: 'POST', headers, body: message })).status, 200);
    const pays = guardFetch(fake(settled), paying(), { daemon: settings, onError: () => {} });
    const heart = { method: 'POST', headers: { 'payment-signature': payment(500_000) }, body: 'with \u2764\ufe0f' };
    assert.equal((await pays(URL, heart)).status, 200);
    assert.equal(daemon.bodies.length, 4);
    const [first, again, third, fourth] = daemon.bodies;
    assert.deepEqual([again, fourth], [first, third], 'after a yes, the same');
    assert.match(first, /"toolName":"mcp__bank__send","toolInput":\{"account":9007199254740993, "rate":1.0\}/);
    assert.match(third, /"body":"with \u2764\\ufe0f"/);
    for (const body of daemon.bodies) assert.ok(body.endsWith(',"sessionId":"ses_\\"1"}'), body);
});

const reporting = (daemon, more = {}) => new ApiStorage({ baseUrl: daemon.url, apiKey: TOKEN, point: 'test/1', flushIntervalMs: 10, onError: () => {}, timeoutMs: 60_000, ...more });

test('records reach a daemon, with what became of them and without secrets', async () => {
    const daemon = await pretendDaemon();
    const storage = reporting(daemon);
    const guarded = guardFetch(fake(settled), paying(total('0.60')), { audit: { storage: new Tee(new MemoryStorage(), storage) } });
    await pay(guarded);
    await refused(pay(guarded));
    await refused(guarded('https://elsewhere.example/', { headers: { cookie: 'secret=1' } }));
    await refused(guarded('https://h.example/', { headers: { 'payment-signature': 'no payment' } }));
    await refused(guarded('no url'));
    await guarded.close();
    assert.equal(storage.waiting, 0);
    const sent = [...daemon.records.values()];
    assert.deepEqual(sent.map((record) => [record.decision, record.code]), [['allow', 'host-allowed'], ['deny', 'budget-exceeded'], ['deny', 'host-not-allowed'], ['deny', 'host-not-allowed']]);
    const [first, , third, fourth] = sent;
    assert.deepEqual(first.call.toolInput.payment, { version: 2, scheme: 'exact', network: 'eip155:84532', asset: '0x036cbd53842c5426634e7929541ec2318f3dcf7e', amount: '500000', payTo: '0x209693bc6afc0c5328ba36faf03c514ef312287c' });
    assert.doesNotMatch(JSON.stringify(sent), /0x1b2b|inner|secret=1|no payment/);
    assert.deepEqual([third.call.toolInput.headers, fourth.call.toolInput.headers], [[['cookie', '[REDACTED]']], [['payment-signature', '[REDACTED]']]]);
    const rows = await guarded.audit.query();
    assert.deepEqual(rows.map((own) => own.id).slice(1).sort(), sent.map((record) => record.id).sort());
    assert.deepEqual(daemon.reports.map((report) => [report.verdictId, report.outcome, report.toolOutput.status_code]), [[`main-${first.id}`, 'executed', 200]]);
    // The daemon decides the told call as it was decided here.
    assert.equal(paying(total('0.60')).decide(first.call).decision, 'allow');
});

test('a payment of version 1 is told as the engine reads it', async () => {
    const daemon = await pretendDaemon();
    const own = paying(total('1.00'));
    const guarded = guardFetch(fake(settled), own, { audit: { storage: reporting(daemon) } });
    const authorization = { from: '0xa11ce00000000000000000000000000000000000', to: PAYEE, value: '500000', validAfter: '0', validBefore: '99999999999', nonce: '0x01' };
    const header = base64({ x402Version: 1, scheme: 'exact', network: 'base-sepolia', payload: { signature: '0x1b2b', authorization } });
    await guarded(URL, { headers: { 'X-PAYMENT': header } });
    await guarded.close();
    const [{ call }] = daemon.records.values();
    assert.deepEqual(call.toolInput.payment, { version: 1, scheme: 'exact', network: 'eip155:84532', amount: '500000', payTo: PAYEE });
    assert.equal(own.decide(call).decision, 'allow');
    assert.doesNotMatch(JSON.stringify(call), /0x1b2b/);
});

const evidence = { toolName: 'http', call: '{"agentId":"buyer","toolName":"http","toolInput":{}}', decision: 'allow', code: 'host-allowed', policyDigest: `sha256:${'0'.repeat(64)}` };

test('defect 7: a daemon that is down for a while loses nothing, and nobody waits for it', async () => {
    const daemon = await pretendDaemon();
    daemon.down = 3;
    const errors = [];
    const storage = reporting(daemon, { batchSize: 4, onError: (error) => errors.push(error) });
    for (let index = 0; index < 10; index += 1) await storage.write(row({ id: `r${index}` }), evidence);
    assert.equal(storage.waiting, 10, 'writing does not wait');
    for (let tries = 0; tries < 6_000 && storage.waiting > 0; tries += 1) await sleep(10);
    assert.equal(storage.waiting, 0, 'it comes back by itself');
    assert.deepEqual([...daemon.records.keys()], Array.from({ length: 10 }, (_, index) => `r${index}`));
    assert.ok(errors.length >= 3, 'and is said');
    assert.ok(daemon.batches.every((size) => size <= 4));
    await storage.destroy();
});

test('a daemon that stays down is said, and the queue is bounded', async () => {
    const daemon = await pretendDaemon();
    daemon.down = Infinity;
    const storage = reporting(daemon, { queueMax: 3 });
    for (let index = 0; index < 3; index += 1) await storage.write(row(), evidence);
    assert.throws(() => storage.check(), /too many records wait/);
    await assert.rejects(storage.write(row(), evidence), /this one is not sent/);
    await assert.rejects(storage.flush(), /3 records wait/);
    assert.equal(storage.waiting, 3);
    const inner = fake();
    const guarded = guardFetch(inner, policy(), { audit: { storage, required: true }, onError: () => {} });
    assert.equal((await refused(guarded(URL))).code, 'records-full');
    assert.equal(inner.asked.length, 0);
    await assert.rejects(storage.destroy(), /3 records wait/);
    daemon.down = 0;
    await storage.destroy();
    assert.equal(daemon.records.size, 3);
});

test('what a daemon does not take is named, and holds up nothing else', async () => {
    const daemon = await pretendDaemon();
    daemon.refuses = (record) => (record.id === 'bad' ? 'bad-request' : null);
    const storage = reporting(daemon);
    for (const id of ['a', 'bad', 'b']) await storage.write(row({ id }), evidence);
    await storage.flush();
    assert.deepEqual([...daemon.records.keys()], ['a', 'b']);
    assert.deepEqual(storage.refused.map((own) => [own.id, own.code]), [['bad', 'bad-request']]);
    assert.throws(() => storage.check(), /does not take records: bad-request/);
});

test('what the daemon cannot read is sent alone, then without its body, and then named', async () => {
    const daemon = await pretendDaemon();
    const storage = reporting(daemon, { batchSize: 64 });
    const nested = `${'['.repeat(126)}${']'.repeat(126)}`;
    const deep = { ...evidence, call: `{"agentId":"buyer","toolName":"http","toolInput":${nested}}` };
    for (let index = 0; index < 20; index += 1) {
        // One that has no shorter form, and one that has.
        const own = index === 7 ? deep : index === 13 ? { ...deep, short: evidence.call } : evidence;
        await storage.write(row({ id: `r${index}` }), own);
    }
    await storage.flush();
    const all = Array.from({ length: 20 }, (_, index) => `r${index}`);
    assert.deepEqual([...daemon.records.keys()].sort(), all.filter((id) => id !== 'r7').sort());
    assert.deepEqual(storage.refused.map((own) => [own.id, own.code]), [['r7', 'too-deep']]);
    assert.equal(daemon.batches.reduce((sum, size) => sum + size, 0), 19, 'each of the others once');
    assert.equal(daemon.reports.length, 19);
    assert.throws(() => storage.check(), /too-deep/);
    assert.deepEqual(storage.acknowledge().map((own) => own.id), ['r7']);
    storage.check();
    assert.deepEqual(storage.refused, []);
});

test('a body that no request has room for does not stop the records', async () => {
    const daemon = await pretendDaemon();
    const storage = reporting(daemon);
    const guarded = guardFetch(fake(), policy(), { audit: { storage, required: true }, onError: () => {} });
    const post = (body) => guarded(URL, { method: 'POST', body });
    await post('x'.repeat(4 << 20));
    await post('"'.repeat(3 << 20));
    await post(new Uint8Array(3_400_000).fill(0xff));
    await post('x'.repeat(3 << 20));
    await post('small');
    await refused(guarded('https://elsewhere.example/', { method: 'POST', body: 'x'.repeat(4 << 20) }));
    await guarded.close();
    assert.deepEqual([storage.waiting, storage.refused.length, daemon.reports.length], [0, 0, 5]);
    const bodies = [...daemon.records.values()].map(({ call }) => call.toolInput.body);
    const left = (bytes) => `[left out: ${bytes} bytes]`;
    assert.deepEqual(bodies.map((body) => body.length > 99 ? body.length : body), [left(4 << 20), left(3 << 20), left(3_400_000), 3 << 20, 'small', left(4 << 20)]);
});

test('what waits with its body is bounded, and what waits without is not lost', async () => {
    const daemon = await pretendDaemon();
    daemon.down = Infinity;
    const storage = reporting(daemon, { flushIntervalMs: 60_000, batchSize: 256 });
    const big = { ...evidence, call: `{"agentId":"buyer","toolName":"http","toolInput":{"body":"${'x'.repeat(3 << 20)}"}}`, short: evidence.call };
    for (let index = 0; index < 30; index += 1) await storage.write(row({ id: `r${index}` }), big);
    await assert.rejects(storage.write(row(), { ...big, short: undefined }), /too many records wait/);
    daemon.down = 0;
    await storage.destroy();
    assert.equal(daemon.records.size, 30);
    const whole = [...daemon.records.values()].filter(({ call }) => call.toolInput.body !== undefined).length;
    assert.ok(whole === 21, `${whole}`);
});

test('an outcome that is refused for good holds up nothing', async () => {
    const daemon = await pretendDaemon();
    const storage = reporting(daemon);
    let away = 2;
    daemon.takes = (report) => (report.verdictId === 'main-b' ? 404 : report.verdictId === 'main-c' && (away -= 1) >= 0 ? 401 : null);
    for (const id of ['a', 'b', 'c', 'd']) await storage.write(row({ id }), evidence);
    await storage.flush();
    assert.deepEqual(daemon.reports.map((report) => report.verdictId), ['main-a', 'main-c', 'main-d']);
    assert.deepEqual(storage.refused.map((own) => [own.id, own.code]), [['b', 'not-found']]);
    await storage.destroy();
});

test('half a character of a server is no outcome that cannot be told', async () => {
    const daemon = await pretendDaemon();
    const broken = () => new Response('goods', { headers: { 'payment-response': btoa('{"success":true,"transaction":"\\ud83d"}') } });
    const failing = () => { throw new TypeError(`${'x'.repeat(244)}\u{1f600}`); };
    for (const answer of [broken, failing]) {
        const storage = reporting(daemon);
        const guarded = guardFetch(fake(answer), paying(), { audit: { storage }, onError: () => {} });
        await pay(guarded).catch(() => {});
        await guarded.close();
        assert.deepEqual(storage.refused, []);
    }
    assert.deepEqual(daemon.reports.map((own) => [own.outcome, own.toolOutput.transaction]), [['executed', undefined], ['failed', undefined]]);
});

test('flushes at the same time send each record once', async () => {
    const daemon = await pretendDaemon();
    const storage = reporting(daemon, { batchSize: 16 });
    const work = [];
    for (let index = 0; index < 100; index += 1) {
        work.push(storage.write(row({ id: `r${index}` }), evidence));
        if (index % 7 === 0) work.push(storage.flush());
    }
    await Promise.all([...work, storage.flush()]);
    await storage.destroy();
    assert.equal(daemon.records.size, 100);
    assert.equal(daemon.batches.reduce((sum, size) => sum + size, 0), 100);
    assert.equal(daemon.reports.length, 100);
    await assert.rejects(storage.write(row(), evidence), /over/);
});

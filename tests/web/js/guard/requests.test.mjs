// What leaves, as it was decided, and what does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compile, GuardError, guardFetch } from '@sentinel/policy';

import { AGENT, fake, policy, refused, serve, sleep } from './support.mjs';

const anywhere = (network = {}) => policy({}, { allowHosts: ['*'], ...network });

test('a request becomes the request that was decided', async () => {
    const server = await serve((request, response) => response.end(`${request.method} ${request.url} ${request.bytes}`));
    const guarded = guardFetch(fetch, policy());
    const answer = await guarded(`${server.url}/a/../b/%63?x=1#end`, { method: 'POST', body: 'hello', headers: { 'X-Own': '1' } });
    assert.equal(await answer.text(), 'POST /b/c?x=1 hello');
    const [seen] = server.seen;
    assert.deepEqual([seen.headers['x-own'], seen.headers['content-length'], seen.headers['content-type']], ['1', '5', 'text/plain;charset=UTF-8']);
    const [record] = await guarded.audit.query();
    assert.deepEqual(
        [record.endpoint, record.method, record.status_code, record.amount, record.policy_evaluation, record.outcome],
        [`${server.url}/b/c`, 'POST', 200, '0.000000', 'allowed', 'executed'],
    );
});

test('every kind of input and of body', async () => {
    const server = await serve((request, response) => response.end(request.bytes));
    const guarded = guardFetch(fetch, policy());
    const form = new FormData();
    form.set('a', 'b');
    form.set('file', new Blob(['in it']), 'f.txt');
    const stream = () => new ReadableStream({
        start(controller) {
            for (const piece of ['st', 're', 'am']) controller.enqueue(new TextEncoder().encode(piece));
            controller.close();
        },
    });
    for (const [body, expected] of [
        ['text', 'text'],
        ['', ''],
        ['\ufeffmark', '\ufeffmark'],
        [new Uint8Array([0xff, 0, 1]), '\ufffd\0\u0001'],
        [new Uint8Array([1, 2, 3]).buffer, '\u0001\u0002\u0003'],
        [new URLSearchParams({ q: 'a b' }), 'q=a+b'],
        [new Blob(['blob']), 'blob'],
        [stream(), 'stream'],
    ]) {
        const answer = await guarded(server.url, { method: 'PUT', body });
        assert.equal(new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer()), expected);
    }
    const answer = await guarded(new Request(new URL(server.url), { method: 'POST', body: form }));
    assert.match(await answer.text(), /name="a"\r\n\r\nb\r\n[^]*in it/);
    assert.match(server.seen.at(-1).headers['content-type'], /^multipart\/form-data; boundary=/);
    assert.equal(await (await guarded(new URL(server.url))).text(), '');
    // What init says wins over the request, as it does for fetch.
    await guarded(new Request(server.url, { method: 'POST', body: 'old' }), { body: 'new', headers: { 'x-a': 'b' } });
    assert.deepEqual([server.seen.at(-1).body, server.seen.at(-1).headers['x-a']], ['new', 'b']);
});

test('a body is part of what is decided', async () => {
    const inner = fake();
    const rules = [{ name: 'no-secret', tools: ['http'], when: { param: 'body', operator: 'contains', value: 'secret' }, action: 'block', onMissing: 'skip' }];
    const guarded = guardFetch(inner, policy({ rules }, { allowHosts: ['*'] }));
    const put = (body) => guarded('https://h.example/', { method: 'PUT', body });
    await put('plain');
    for (const body of ['a secret', new TextEncoder().encode('secret'), new Blob(['se', 'cret'])]) {
        assert.equal((await refused(put(body))).code, 'rule-block');
    }
    assert.equal(inner.asked.length, 1);
});

test('a body over the bound is refused, and not read on', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, anywhere(), { maxBodyBytes: 1_000 });
    let pulled = 0;
    const endless = new ReadableStream({
        pull(controller) {
            pulled += 1;
            controller.enqueue(new Uint8Array(100));
        },
    });
    const error = await refused(guarded('https://h.example/', { method: 'POST', body: endless, duplex: 'half' }));
    assert.deepEqual([error.code, error.status], ['body-too-large', 413]);
    assert.ok(pulled < 50, `${pulled}`);
    assert.equal((await refused(guarded('https://h.example/', { method: 'POST', body: 'x'.repeat(1_001) }))).code, 'body-too-large');
    await guarded('https://h.example/', { method: 'POST', body: 'x'.repeat(1_000) });
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('torn')) });
    assert.equal((await refused(guarded('https://h.example/', { method: 'POST', body: broken }))).code, 'body-unreadable');
    assert.equal(inner.asked.length, 1);
    // The policy's own bound, too.
    const bounded = guardFetch(inner, anywhere({ maxBodyBytes: 3 }));
    assert.equal((await refused(bounded('https://h.example/', { method: 'POST', body: 'four' }))).code, 'body-too-large');
});

test('a denial says what to do, and nothing leaves', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, policy());
    const error = await refused(guarded('https://elsewhere.example/x'));
    assert.ok(error instanceof GuardError);
    assert.deepEqual([error.code, error.permitted, error.verdict.decision, error.agentId], ['host-not-allowed', false, 'deny', AGENT]);
    assert.match(error.message, /elsewhere\.example.*host-not-allowed.*allowHosts/);
    assert.equal(inner.asked.length, 0);
    const [record] = await guarded.audit.query();
    assert.deepEqual([record.policy_evaluation, record.outcome, record.code, record.status_code, record.endpoint], ['blocked', 'blocked', 'host-not-allowed', 0, 'https://elsewhere.example/x']);
    assert.equal(record.metadata.violation_type, 'host-not-allowed');
});

test('a denial can be an answer, in the words of the Envoy filter', async () => {
    const guarded = guardFetch(fake(), policy({}, { denyPaths: ['/admin'] }), { onDenied: 'response' });
    const answer = await guarded('https://elsewhere.example/');
    assert.deepEqual([answer.status, answer.headers.get('content-type'), answer.headers.get('x-soe-code'), answer.headers.get('x-soe-decision')], [403, 'application/json', 'host-not-allowed', 'deny']);
    const body = await answer.json();
    assert.deepEqual(Object.keys(body), ['error', 'decision', 'reason', 'code', 'layer', 'verdictId', 'agentId', 'policyDigest']);
    assert.deepEqual([body.error, body.decision, body.layer], ['egress_denied', 'deny', 'network']);
    assert.match(body.policyDigest, /^sha256:/);
    const other = await (await guarded('http://127.0.0.1:1/admin/x')).json();
    assert.deepEqual([other.error, other.code], ['blocked_by_soe', 'path-denied']);
    assert.equal((await guarded('https://h/', { method: 'POST', body: 'x'.repeat(5 << 20) })).status, 413);
    assert.equal((await guarded('no url')).status, 400);
});

test('modes that only watch let through, and record', async () => {
    for (const mode of ['audit', 'shadow', 'dry-run']) {
        const inner = fake();
        const guarded = guardFetch(inner, policy({ mode }), { mode });
        assert.equal((await guarded('https://elsewhere.example/')).status, 200);
        const [record] = await guarded.audit.query();
        assert.deepEqual([record.decision, record.permitted, record.policy_evaluation, record.outcome], ['deny', true, 'blocked', 'executed'], mode);
        // The stricter of both counts.
        assert.equal((await refused(guardFetch(inner, policy({ mode }), { mode: 'enforce' })('https://elsewhere.example/'))).code, 'host-not-allowed');
        assert.equal((await refused(guardFetch(inner, policy(), { mode })('https://elsewhere.example/'))).code, 'host-not-allowed');
    }
});

test('defect: spellings of a blocked host are one host', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, policy({}, { allowHosts: ['*', '*:*'], denyHosts: ['evil.example', '*.evil.example'] }));
    for (const url of [
        'https://evil.example', 'https://evil.example/', 'https://EVIL.example/x', 'https://evil.example:443/', 'https://evil.example./', 'https://evil.example:8443/',
        'https://a.evil.example/', 'https://%65vil.example/', 'https://ｅｖｉｌ.example/', 'https://evil。example/', 'https:evil.example', 'https:\\\\evil.example\\x', 'https://ev\til.example/', ' https://evil.example/ ', 'HTTPS://evil.example',
        new URL('https://evil.example'), new Request('https://evil.example'), { toString: () => 'https://evil.example/' },
    ]) {
        assert.equal((await refused(guarded(url))).code, 'host-denied', String(url.url ?? url));
    }
    assert.equal((await refused(guarded('https://good.example@evil.example/'))).code, 'request-malformed');
    assert.equal((await refused(guarded('https://evil.example@good.example/'))).code, 'request-malformed');
    assert.equal(inner.asked.length, 0);
});

test('addresses in every spelling are private', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, anywhere());
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::1]', '[::ffff:7f00:1]', '[::ffff:127.0.0.1]', '10.0.0.1', '192.168.1.1', '169.254.169.254', '[fe80::1]', '[fd00::1]', '0.0.0.0', 'localhost', 'a.localhost', '①②⑦.0.0.1']) {
        const error = await refused(guarded(`http://${host}/`));
        assert.ok(['address-private', 'host-malformed'].includes(error.code), `${host}: ${error.code}`);
    }
    assert.equal(inner.asked.length, 0);
});

test('paths are decided as they arrive', async () => {
    const server = await serve((request, response) => response.end(request.url));
    const guarded = guardFetch(fetch, policy({}, { denyPaths: ['/admin'] }));
    for (const path of ['/admin', '/x/../admin', '/x/%2e%2e/admin', '/x/%2E./admin/y', '/%61dmin', '/./admin', '/x//../../admin', '/x\\..\\admin', '/ad\tmin', '/ad\nmin/y']) {
        const error = await refused(guarded(server.url + path));
        assert.ok(['path-denied', 'path-malformed'].includes(error.code), `${path}: ${error.code}`);
    }
    for (const path of ['//admin', '/x%2fadmin', '/x%5cadmin', '/a%00b', '/%252e%252e/admin', '/%zz', '/%ff', '/admin;x', '/x/..;/admin']) {
        const error = await refused(guarded(server.url + path));
        assert.ok(error.code.startsWith('path-'), `${path}: ${error.code}`);
    }
    assert.equal(server.seen.length, 0);
    for (const [path, sent] of [['/caf%C3%A9', '/caf%C3%A9'], ['/café', '/caf%C3%A9'], ['/%61%2D%7E', '/a-~'], ["/a'b|c^d`e{f}", "/a'b%7Cc%5Ed%60e%7Bf%7D"], ['/a%20b?c=%41&d="e"', null], ['/?', null], ['/x?a=//b/../c', '/x?a=//b/../c']]) {
        const answer = await guarded(server.url + path);
        const expected = sent ?? new URL(server.url + path).pathname + new URL(server.url + path).search;
        assert.equal(await answer.text(), expected, path);
    }
});

test('headers cannot be injected, and cannot name another host', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, anywhere({ methods: ['GET', 'POST'] }));
    for (const headers of [{ a: 'b\r\nc: d' }, { a: 'b\0' }, { 'a b': 'c' }, { 'a:': 'b' }, { '': 'x' }]) {
        assert.equal((await refused(guarded('https://h.example/', { headers }))).code, 'request-malformed', JSON.stringify(headers));
    }
    for (const [headers, code] of [
        [{ 'x-http-method-override': 'DELETE' }, 'header-override'],
        [{ host: 'other.example' }, 'header-host'],
        [{ 'transfer-encoding': 'gzip' }, 'header-transfer-encoding'],
        [{ 'content-length': '7' }, 'header-content-length'],
        [{ upgrade: 'h2c' }, 'header-upgrade'],
    ]) {
        const error = await refused(guarded('https://h.example/', { method: 'POST', body: 'four', headers }));
        assert.equal(error.code, code, JSON.stringify(headers));
    }
    for (const method of ['DELETE', 'patch', 'PUT']) assert.equal((await refused(guarded('https://h.example/', { method }))).code, 'method-not-allowed', method);
    await guarded('https://h.example/', { method: 'post' });
    assert.equal(inner.asked.length, 1);
});

test('what is no request to the web is refused', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, anywhere());
    for (const url of ['', 'x', '/relative', 'file:///etc/passwd', 'data:text/plain,x', 'blob:https://h/1', 'ftp://h.example/', 'javascript:1', 'https://', 'https://a b/', 'https://u:p@h.example/', 'https://h.example:99999/']) {
        assert.equal((await refused(guarded(url))).code, 'request-malformed', url);
    }
    assert.equal(inner.asked.length, 0);
    assert.equal((await guarded.audit.query()).length, 12);
});

test('names resolve by a function of the program', async () => {
    const asked = [];
    const lookups = { 'good.example': ['93.184.216.34'], 'bad.example': ['93.184.216.34', '10.0.0.1'], 'none.example': [], 'odd.example': ['x'] };
    const resolve = async (host) => {
        asked.push(host);
        return lookups[host];
    };
    const inner = async (request, extra) => new Response(JSON.stringify(extra ?? null));
    const pin = (host, addresses) => ({ pinned: [host, ...addresses] });
    const guarded = guardFetch(inner, anywhere({ blockPrivateIps: true }), { resolve, pin });
    assert.deepEqual(await (await guarded('https://Good.example/')).json(), { pinned: ['good.example', '93.184.216.34'] });
    assert.equal((await refused(guarded('https://bad.example/'))).code, 'address-private');
    assert.equal((await refused(guarded('https://none.example/'))).code, 'resolve-failed');
    assert.equal((await refused(guarded('https://gone.example/'))).code, 'resolve-failed');
    assert.equal((await refused(guarded('https://odd.example/'))).code, 'addresses-malformed');
    assert.deepEqual(asked, ['good.example', 'bad.example', 'none.example', 'gone.example', 'odd.example']);
    assert.equal((await refused(guardFetch(inner, anywhere({ blockPrivateIps: true }))('https://good.example/'))).code, 'addresses-unknown');
});

test('answers stay streams', async () => {
    let finish;
    const server = await serve((_, response) => {
        response.write('first');
        finish = () => response.end('last');
    });
    const guarded = guardFetch(fetch, policy());
    const reader = (await guarded(server.url)).body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), 'first');
    finish();
    assert.equal(new TextDecoder().decode((await reader.read()).value), 'last');
    assert.ok((await reader.read()).done);
});

test('a request can be given up at any time', async () => {
    const server = await serve(() => {});
    const guarded = guardFetch(fetch, policy());
    await assert.rejects(guarded(server.url, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(server.seen.length, 0);
    const controller = new AbortController();
    const waiting = guarded(server.url, { signal: controller.signal });
    while (server.seen.length === 0) await sleep(5);
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    const [record] = await guarded.audit.query();
    assert.deepEqual([record.outcome, record.status_code, record.tags], ['failed', 0, ['error', 'aborted']]);
    const slow = new AbortController();
    const uploading = guarded(server.url, { method: 'POST', signal: slow.signal, body: new ReadableStream({ pull: () => new Promise(() => {}) }), duplex: 'half' });
    setTimeout(() => slow.abort(new Error('enough')), 20);
    await assert.rejects(uploading, /enough/);
    assert.equal(server.seen.length, 1);
});

test('a network failure is recorded, and thrown as it came', async () => {
    const failure = new TypeError('fetch failed');
    const guarded = guardFetch(() => Promise.reject(failure), anywhere());
    await assert.rejects(guarded('https://h.example/?token=abcdef'), (error) => error === failure);
    const [record] = await guarded.audit.query();
    assert.deepEqual([record.outcome, record.tags, record.endpoint, record.policy_evaluation], ['failed', ['error', 'network_failure'], 'https://h.example/', 'allowed']);
    assert.match(record.reason, /fetch failed/);
});

test('what would have no effect is refused at the start', async () => {
    assert.throws(() => guardFetch(fake(), policy({}, { rules: [{ hosts: ['m.example'], llm: true }] })), /llm: true.*m\.example/);
    assert.throws(() => guardFetch(fake(), policy(), { agentId: 'other' }), /for `buyer`/);
    assert.throws(() => guardFetch(fake(), policy(), { audit: { enrichment: { tagRules: [{ pattern: '.*x.*', tags: ['y'] }] } } }), /neither a glob/);
    assert.throws(() => guardFetch(fake(), policy(), { daemon: { url: 'http://u:p@h', token: 't' } }), /plain http/);
    assert.throws(() => guardFetch(fake(), policy(), { daemon: { url: 'http://h', token: 't' }, approve: () => true }), /leave `approve`/);
});

test('closed is closed', async () => {
    const inner = fake();
    const guarded = guardFetch(inner, anywhere());
    await guarded('https://h.example/');
    await guarded.close();
    assert.equal((await refused(guarded('https://h.example/'))).code, 'guard-closed');
    assert.equal(inner.asked.length, 1);
});

test('what the engine cannot decide does not leave', async () => {
    const inner = fake();
    const own = anywhere();
    const guarded = guardFetch(inner, own);
    guarded.session.step = () => {
        throw new Error('trap');
    };
    assert.equal((await refused(guarded('https://h.example/'))).code, 'engine-fault');
    delete guarded.session.step;
    assert.equal((await refused(guarded('https://h.example/'))).code, 'engine-fault', 'for good');
    assert.equal(inner.asked.length, 0);
});

test('calls of MCP tools are decided by what the body says', async () => {
    const server = await serve((request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(request.bytes));
    const own = policy({
        rules: [{ name: 'only-here', tools: ['mcp__files__move'], when: { param: 'to', operator: 'starts_with', value: '/srv/' }, action: 'allow' }, { name: 'nowhere-else', tools: ['mcp__files__move'], action: 'block' }],
        budgets: [{ name: 'calls', unit: 'calls', limit: 2, per: 'lifetime', tools: ['mcp__files__*'] }],
    }, { allowHosts: [], rules: [{ hosts: ['127.0.0.1:*'], mcp: { server: 'files', allowTools: ['read_*', 'move'], denyTools: ['read_secret'] } }] });
    const guarded = guardFetch(fetch, own);
    const send = (body) => guarded(`${server.url}/%6dcp`, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: 'application/json' } });
    const call = (name, args = {}) => send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }));
    assert.equal((await (await call('read_file', { path: 'a' })).json()).params.name, 'read_file');
    assert.equal((await call('move', { to: '/srv/x' })).status, 200);
    assert.deepEqual(server.seen.map((own) => own.url), ['/mcp', '/mcp']);
    for (const [work, code] of [
        [() => call('read_secret'), 'mcp-tool-denied'], [() => call('remove'), 'mcp-tool-not-allowed'], [() => call('move', { to: '/etc/x' }), 'rule-block'],
        [() => send('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_file","name":"remove"}}'), 'rpc-duplicate-key'],
        [() => send('[]'), 'rpc-batch'], [() => send('not json'), 'rpc-not-json'],
        [() => call('read_file', { path: 'b' }), 'budget-exceeded'],
    ]) {
        assert.equal((await refused(work())).code, code);
    }
    assert.equal(server.seen.length, 2);
    const [, paid] = await guarded.audit.query({ order: 'asc' });
    assert.deepEqual([paid.endpoint, paid.method], [`${server.url}/mcp`, 'POST']);
});

test('a document in YAML governs as well', async () => {
    const own = compile(`agentId: ${AGENT}\nversion: "1"\nidentity: {authorityLevel: limited-ops, environmentScope: [staging]}\nnetwork: {allowHosts: [h.example]}\n`);
    assert.equal((await guardFetch(fake(), own, { environment: 'staging' })('https://h.example/')).status, 200);
    assert.equal((await refused(guardFetch(fake(), own)('https://h.example/'))).code, 'environment-scope');
});

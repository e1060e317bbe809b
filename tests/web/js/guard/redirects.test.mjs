// Redirects: every hop is decided, and what says who asks stays with its origin.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { guardFetch } from '@sentinel/policy';

import { fake, payment, paying, policy, receipt, refused, serve, total } from './support.mjs';

const anywhere = policy({}, { allowHosts: ['*', '*:*'] });

const to = (location, status = 302) => new Response(null, { status, headers: { location } });

/** An inner fetch in which some URLs lead elsewhere. */
const leading = (places, status = 302) => fake((request) => {
    const place = places[request.url];
    return place === undefined ? new Response(request.url) : to(place, status);
});

test('redirects are followed, each hop decided', async () => {
    const last = await serve((request, response) => response.end(request.url));
    const first = await serve((request, response) => response.writeHead(302, { location: `${last.url}/there?x` }).end('not read'));
    const guarded = guardFetch(fetch, policy());
    const answer = await guarded(`${first.url}/start#part`);
    assert.deepEqual([await answer.text(), answer.redirected, answer.url], ['/there?x', true, `${last.url}/there?x`]);
    const rows = await guarded.audit.query({ order: 'asc' });
    assert.deepEqual(rows.map((row) => [row.endpoint, row.status_code]), [[`${first.url}/start`, 302], [`${last.url}/there`, 200]]);
});

test('a redirect to where nobody may go is not followed', async () => {
    for (const [place, code] of [
        ['http://169.254.169.254/latest/meta-data/', 'address-private'], ['http://localhost/', 'address-private'], ['http://[::1]:80/', 'address-private'],
        ['http://2130706433/', 'address-private'], ['//10.0.0.1/x', 'address-private'], ['https://evil.example/', 'host-denied'],
        ['https://user:pass@h.example/', 'redirect-malformed'], ['file:///etc/passwd', 'redirect-malformed'], ['data:text/plain,x', 'redirect-malformed'], ['https://', 'redirect-malformed'],
        ['javascript:alert(1)', 'redirect-malformed'],
    ]) {
        const inner = leading({ 'https://h.example/': place });
        const guarded = guardFetch(inner, policy({}, { allowHosts: ['*', '*:*'], denyHosts: ['evil.example'] }));
        assert.equal((await refused(guarded('https://h.example/'))).code, code, place);
        assert.equal(inner.asked.length, 1, place);
    }
});

test('the inner fetch never follows by itself', async () => {
    const inner = fake();
    await guardFetch(inner, anywhere)('https://h.example/', { redirect: 'follow' });
    assert.equal(inner.asked[0].redirect, 'manual');
    // A page of a browser does not see where it would lead.
    const hidden = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
    assert.equal((await refused(guardFetch(fake(() => hidden), anywhere)('https://h.example/'))).code, 'redirect-hidden');
});

test('the caller says whether redirects are followed', async () => {
    const inner = leading({ 'https://h.example/': '/next' });
    const guarded = guardFetch(inner, anywhere);
    const answer = await guarded('https://h.example/', { redirect: 'manual' });
    assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/next']);
    await assert.rejects(guarded('https://h.example/', { redirect: 'error' }), TypeError);
    assert.equal(inner.asked.length, 2);
    // Without a place it is an answer like any other.
    assert.equal((await guardFetch(fake(() => new Response(null, { status: 302 })), anywhere)('https://h.example/')).status, 302);
});

test('twenty hops are followed, and no more', async () => {
    let hops = 0;
    const inner = fake(() => to(`/${(hops += 1)}`));
    assert.equal((await refused(guardFetch(inner, anywhere)('https://h.example/'))).code, 'redirect-limit');
    assert.equal(inner.asked.length, 21);
    const few = fake(() => to('/again'));
    assert.equal((await refused(guardFetch(few, anywhere, { maxRedirects: 2 })('https://h.example/'))).code, 'redirect-limit');
    assert.equal(few.asked.length, 3);
    assert.equal((await refused(guardFetch(few, anywhere, { maxRedirects: 1_000 })('https://h.example/'))).code, 'redirect-limit');
    assert.equal(few.asked.length, 24);
});

test('credentials stay with their origin', async () => {
    const headers = { authorization: 'Bearer s', cookie: 'a=b', 'proxy-authorization': 'p', 'x-api-key': 'k', 'x-auth-token': 't', 'x-plain': 'stays', 'payment-signature': 'no payment', x_payment: 'neither' };
    const watching = policy({ mode: 'audit' }, { allowHosts: ['*', '*:*'] });
    for (const [place, keeps] of [['/same', true], ['https://h.example/other', true], ['https://i.example/', false], ['http://h.example/', false], ['https://h.example:8443/', false]]) {
        const inner = leading({ 'https://h.example/': place });
        await guardFetch(inner, watching)('https://h.example/', { headers });
        const sent = [...inner.asked[1].headers.keys()].sort();
        assert.deepEqual(sent, keeps ? Object.keys(headers).sort() : ['x-plain'], place);
    }
    // Back at the first origin they are not there again.
    const inner = leading({ 'https://h.example/': 'https://i.example/', 'https://i.example/': 'https://h.example/back' });
    await guardFetch(inner, watching)('https://h.example/', { headers });
    assert.deepEqual([...inner.asked[2].headers.keys()], ['x-plain']);
});

test('method and body follow as the standard says', async () => {
    for (const [status, method, sent, hasBody] of [
        [301, 'POST', 'GET', false], [302, 'POST', 'GET', false], [303, 'POST', 'GET', false], [303, 'PUT', 'GET', false], [301, 'PUT', 'PUT', true],
        [307, 'POST', 'POST', true], [308, 'PUT', 'PUT', true], [302, 'HEAD', 'HEAD', false], [303, 'HEAD', 'HEAD', false],
    ]) {
        const inner = leading({ 'https://h.example/': '/next' }, status);
        await guardFetch(inner, anywhere)('https://h.example/', { method, ...(method === 'HEAD' ? {} : { body: 'body' }) });
        const [, next] = inner.asked;
        assert.deepEqual([next.method, await next.text(), next.headers.has('content-type')], [sent, hasBody ? 'body' : '', hasBody], `${status} ${method}`);
    }
});

const buying = (options = {}) => {
    const own = paying(total('1.00'));
    return { own, options };
};

test('a payment goes on with a redirect of its origin, and is held once', async () => {
    const server = await serve((request, response) => {
        if (request.url === '/old') return response.writeHead(307, { location: '/new' }).end();
        response.writeHead(200, { 'payment-response': receipt(true) }).end('goods');
    });
    const guarded = guardFetch(fetch, buying().own);
    const answer = await guarded(`${server.url}/old`, { headers: { 'payment-signature': payment(500_000) } });
    assert.equal(await answer.text(), 'goods');
    const [meter] = guarded.session.meters.filter((own) => own.meter === 'budgets/total');
    assert.deepEqual([meter.used, meter.held], [500_000, 0]);
    const sums = await guarded.audit.summary();
    assert.deepEqual([sums.total_spend, sums.total_payments], ['0.500000', 1]);
});

test('a payment that is led to another origin stays behind, and is spent', async () => {
    const server = await serve((request, response) => response.end('no payment came'));
    const first = await serve((request, response) => response.writeHead(307, { location: server.url }).end());
    const guarded = guardFetch(fetch, buying().own);
    await guarded(first.url, { headers: { 'payment-signature': payment(500_000) } });
    assert.equal(server.seen[0].headers['payment-signature'], undefined);
    const [meter] = guarded.session.meters.filter((own) => own.meter === 'budgets/total');
    assert.deepEqual([meter.used, meter.held], [500_000, 0]);
});

test('a payment that leads nowhere is spent', async () => {
    for (const location of ['https://u:p@h/', 'http://elsewhere.example/', '/loop']) {
        const server = await serve((request, response) => response.writeHead(307, { location }).end());
        const guarded = guardFetch(fetch, paying(total('100.00')));
        await refused(guarded(`${server.url}/loop`, { headers: { 'payment-signature': payment(500_000) } }));
        const [meter] = guarded.session.meters.filter((own) => own.meter === 'budgets/total');
        assert.deepEqual([meter.used, meter.held], [500_000, 0], location);
    }
});

test('a payment that left is spent, whatever keeps it from going on', async () => {
    for (const [name, options, more] of [
        ['a hook', () => ({ hooks: { beforePayment: ({ endpoint }) => endpoint.endsWith('/old') } })],
        ['a store', () => {
            let saves = 0;
            const save = () => {
                saves += 1;
                if (saves > 1) throw new Error('full');
            };
            return { persist: { load: () => null, save }, onError: () => {} };
        }],
        ['a pin', () => {
            let pins = 0;
            const pin = () => {
                pins += 1;
                if (pins === 2) throw new Error('no dispatcher');
                return {};
            };
            return { resolve: async () => ['127.0.0.1'], pin };
        }],
        ['its sender', (controller) => ({ hooks: { beforePayment: ({ endpoint }) => (endpoint.endsWith('/new') ? controller.abort() : true) } }), true],
    ]) {
        const controller = new AbortController();
        const inner = leading({ 'http://127.0.0.1:9/old': '/new' }, 307);
        const guarded = guardFetch(inner, buying().own, options(controller));
        const init = { headers: { 'payment-signature': payment(500_000) }, ...(more ? { signal: controller.signal } : {}) };
        await assert.rejects(guarded('http://127.0.0.1:9/old', init));
        assert.equal(inner.asked.length, 1, name);
        const [meter] = guarded.session.meters.filter((own) => own.meter === 'budgets/total');
        assert.deepEqual([meter.used, meter.held], [500_000, 0], name);
    }
});

test('an inner fetch that follows by itself is found out', async () => {
    const far = await serve((_, response) => response.end('nobody decided this'));
    const near = await serve((_, response) => response.writeHead(302, { location: `http://localhost:${far.port}/` }).end());
    const guarded = guardFetch((request) => fetch(request.url, { headers: request.headers }), paying(total('1.00')));
    const headers = { 'payment-signature': payment(500_000) };
    assert.equal((await refused(guarded(near.url, { headers }))).code, 'redirect-unseen');
    assert.deepEqual(guarded.session.meters.filter((own) => own.meter === 'budgets/total').map((own) => [own.used, own.held]), [[500_000, 0]]);
    assert.equal((await refused(guarded(near.url))).code, 'redirect-unseen');
    assert.equal(near.seen.length, 1);
});

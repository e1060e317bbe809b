// Money: held when a payment is decided, spent or free again by what the server says, and never by halves.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { guardFetch, Session } from '@sentinel/policy';

import { base64, fake, PAYEE, payment, paying, policy, receipt, refused, sleep, STRANGER, total } from './support.mjs';

const URL = 'http://127.0.0.1:9/buy';

const pay = (guarded, micros = 500_000, payTo = PAYEE) => guarded(URL, { headers: { 'payment-signature': payment(micros, payTo) } });
const settled = () => new Response('goods', { headers: { 'payment-response': receipt(true) } });
const meter = (guarded) => {
    const { used, held } = guarded.session.meters.find((own) => own.meter === 'budgets/total') ?? { used: 0, held: 0 };
    return { used, held };
};

test('defect 4: of ten payments of $0.50 at once, exactly two leave under a total of $1.00', async () => {
    const inner = fake(async () => {
        await sleep(20);
        return settled();
    });
    const guarded = guardFetch(inner, paying(total('1.00')));
    const done = await Promise.allSettled(Array.from({ length: 10 }, () => pay(guarded)));
    assert.equal(done.filter((own) => own.status === 'fulfilled').length, 2);
    assert.ok(done.filter((own) => own.status === 'rejected').every((own) => own.reason.code === 'budget-exceeded'));
    assert.equal(inner.asked.length, 2);
    assert.deepEqual(meter(guarded), { used: 1_000_000, held: 0 });
    const sums = await guarded.audit.summary();
    assert.deepEqual([sums.total_spend, sums.total_payments, sums.violations], ['1.000000', 2, 8]);
});

test('several guards of one session share its budget', async () => {
    const session = new Session(paying(total('1.00')));
    const inner = fake(settled);
    const guards = [1, 2, 3].map(() => guardFetch(inner, session));
    const done = await Promise.allSettled(guards.map((guarded) => pay(guarded)));
    assert.equal(done.filter((own) => own.status === 'fulfilled').length, 2);
    assert.throws(() => guardFetch(inner, session, { persist: { load: () => null, save: () => {} } }), /restores the session/);
});

test('money is held while the answer is awaited', async () => {
    let finish;
    const guarded = guardFetch(() => new Promise((resolve) => (finish = () => resolve(settled()))), paying(total('1.00')));
    const waiting = pay(guarded, 700_000);
    while (finish === undefined) await sleep(1);
    assert.deepEqual(meter(guarded), { used: 0, held: 700_000 });
    assert.equal((await refused(pay(guarded, 300_001))).code, 'budget-exceeded');
    finish();
    await waiting;
    assert.deepEqual(meter(guarded), { used: 700_000, held: 0 });
});

test('what becomes of the money', async () => {
    const failure = () => {
        throw new TypeError('fetch failed');
    };
    for (const [name, answer, spent, outcome, tag] of [
        ['settled', settled, 500_000, 'executed', undefined],
        ['settled, version 1', () => new Response('', { headers: { 'x-payment-response': receipt(true) } }), 500_000, 'executed', undefined],
        ['not settled', () => new Response('', { status: 402, headers: { 'payment-response': receipt(false) } }), 0, 'not-executed', 'not-settled'],
        ['not accepted', () => new Response('{}', { status: 402 }), 0, 'not-executed', 'not-settled'],
        ['no word', () => new Response('goods'), 500_000, 'executed', 'settlement-unknown'],
        ['an error, no word', () => new Response('', { status: 500 }), 500_000, 'executed', 'settlement-unknown'],
        ['a receipt that is none', () => new Response('', { headers: { 'payment-response': '%%%' } }), 500_000, 'executed', 'settlement-unknown'],
        ['402 and a receipt that is none', () => new Response('', { status: 402, headers: { 'payment-response': base64({ success: 'no' }) } }), 500_000, 'executed', 'settlement-unknown'],
        ['both words', () => new Response('', { headers: { 'payment-response': receipt(false), 'x-payment-response': receipt(true) } }), 500_000, 'executed', undefined],
        ['no answer', failure, 500_000, 'failed', 'network_failure'],
    ]) {
        const guarded = guardFetch(fake(answer), paying(total('1.00')), { unsettled: 'void' });
        await pay(guarded).catch((error) => assert.match(String(error), /fetch failed/));
        assert.deepEqual(meter(guarded), { used: spent, held: 0 }, name);
        const [record] = await guarded.audit.query();
        assert.deepEqual([record.amount, record.outcome, record.tags.includes(tag ?? 'x')], [spent === 0 ? '0.000000' : '0.500000', outcome, tag !== undefined], name);
        assert.equal((await guarded.audit.summary()).total_spend, spent === 0 ? '0.000000' : '0.500000', name);
    }
    // A signature is good for longer than the server's word, so the word counts only where somebody says so.
    const strict = guardFetch(fake(() => new Response('', { status: 402 })), paying(total('1.00')));
    await pay(strict);
    assert.deepEqual(meter(strict), { used: 500_000, held: 0 });
});

test('a request that is given up on its way has spent', async () => {
    const inner = (request) => new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
    const guarded = guardFetch(inner, paying(total('1.00')));
    const controller = new AbortController();
    const waiting = guarded(URL, { headers: { 'payment-signature': payment(500_000) }, signal: controller.signal });
    await sleep(10);
    controller.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    assert.deepEqual(meter(guarded), { used: 500_000, held: 0 });
    // Before that, it has not.
    await assert.rejects(guarded(URL, { headers: { 'payment-signature': payment(500_000) }, signal: AbortSignal.abort() }));
    assert.deepEqual(meter(guarded), { used: 500_000, held: 0 });
});

test('defect 3: one payment of $0.50 adds up to $0.50, and amount_raw is what was signed', async () => {
    const challenge = base64({ x402Version: 2, accepts: [] });
    const inner = fake((request) => (request.headers.has('payment-signature') ? settled() : new Response('{}', { status: 402, headers: { 'payment-required': challenge } })));
    const guarded = guardFetch(inner, paying(total('1.00')), { team: 'red', humanSponsor: 'carol', metadata: { cost_center: 'ENG-1', task_id: 't1', session_id: 's1' } });
    await guarded(URL);
    await pay(guarded);
    const rows = await guarded.audit.query({ order: 'asc' });
    assert.deepEqual(rows.map((row) => [row.amount, row.status_code, row.policy_evaluation]), [['0.000000', 402, 'allowed'], ['0.500000', 200, 'allowed']]);
    const [, paid] = rows;
    assert.deepEqual(
        [paid.amount_raw, paid.asset, paid.network, paid.scheme, paid.payee_address, paid.payer_address, paid.tx_hash, paid.budget_remaining],
        ['500000', '0x036cbd53842c5426634e7929541ec2318f3dcf7e', 'eip155:84532', 'exact', PAYEE, '0xa11ce00000000000000000000000000000000000', `0x${'ab'.repeat(32)}`, '0.500000'],
    );
    assert.deepEqual([paid.team, paid.human_sponsor, paid.task_id, paid.session_id, paid.metadata.cost_center], ['red', 'carol', 't1', 's1', 'ENG-1']);
    assert.equal((await guarded.audit.summary()).total_spend, '0.500000');
    const [, , line] = (await guarded.audit.exportCSV()).split('\r\n');
    assert.match(line, /,buyer,red,carol,0\.500000,500000,0x036c/);
});

test('a blocked payment is recorded with what it would have cost', async () => {
    const guarded = guardFetch(fake(settled), paying(total('1.00')));
    assert.equal((await refused(pay(guarded, 1_500_000))).code, 'budget-exceeded');
    const [record] = await guarded.audit.query();
    assert.deepEqual(
        [record.amount, record.amount_raw, record.policy_evaluation, record.payee_address, record.metadata],
        ['1.500000', '1500000', 'blocked', PAYEE, { violation_type: 'budget-exceeded', violation_limit: 'total' }],
    );
    assert.equal((await guarded.audit.summary()).total_spend, '0.000000');
});

test('the amount is known without any budget, also of tokens that the policy names', async () => {
    const coin = '0x2222222222222222222222222222222222222222';
    const guarded = guardFetch(fake(settled), paying({}, { assets: [{ network: 'eip155:84532', asset: coin, decimals: 2, usd: '2.50' }] }));
    await pay(guarded, 40_000);
    const header = JSON.parse(Buffer.from(payment(300), 'base64'));
    header.accepted.asset = coin;
    await guarded(URL, { headers: { 'payment-signature': base64(header) } });
    const rows = await guarded.audit.query({ order: 'asc' });
    assert.deepEqual(rows.map((row) => row.amount), ['0.040000', '7.500000']);
    assert.equal(rows[1].asset, coin);
});

test('limits of the network section hold', async () => {
    const guarded = guardFetch(fake(settled), paying({}, { maxPerPayment: '0.50', payees: [PAYEE] }));
    await pay(guarded, 500_000);
    for (const [micros, payTo, code] of [[500_001, PAYEE, 'payment-too-large'], [1, STRANGER, 'payee-not-allowed']]) {
        assert.equal((await refused(pay(guarded, micros, payTo))).code, code);
    }
    assert.equal((await refused(pay(guardFetch(fake(settled), policy())))).code, 'payment-not-allowed');
});

test('a payment that says two things does not leave', async () => {
    const inner = fake(settled);
    const guarded = guardFetch(inner, paying(total('1.00')));
    const change = (work) => {
        const own = JSON.parse(Buffer.from(payment(500_000), 'base64'));
        work(own);
        return base64(own);
    };
    for (const [headers, code] of [
        [{ 'payment-signature': change((own) => (own.payload.authorization.value = '90000000')) }, 'payment-mismatch'],
        [{ 'payment-signature': change((own) => (own.payload.authorization.to = STRANGER)) }, 'payment-mismatch'],
        [{ 'payment-signature': change((own) => (own.accepted.scheme = 'upto')) }, 'payment-scheme-unknown'],
        [{ 'payment-signature': payment(1), 'x-payment': payment(1) }, 'payment-malformed'],
        [{ 'payment-signature': `${payment(1)}, ${payment(1)}` }, 'payment-malformed'],
        [{ 'payment-signature': 'hello' }, 'payment-malformed'],
        [{ payment_signature: 'hello' }, 'payment-malformed'],
    ]) {
        const error = await refused(guarded(URL, { headers }));
        assert.equal(error.code, code, JSON.stringify(headers).slice(0, 60));
    }
    assert.equal(inner.asked.length, 0);
    assert.deepEqual(meter(guarded), { used: 0, held: 0 });
});

test('rates count what goes ahead', async () => {
    const guarded = guardFetch(fake(), policy({ rateLimits: { maxCallsPerMinute: 3 } }));
    const done = await Promise.allSettled(Array.from({ length: 6 }, () => guarded(URL)));
    assert.equal(done.filter((own) => own.status === 'fulfilled').length, 3);
    assert.equal(done.find((own) => own.status === 'rejected').reason.code, 'rate-limited');
});

test('budgets by payee are apart', async () => {
    const guarded = guardFetch(fake(settled), paying({ budgets: [{ name: 'shop', unit: 'usd', limit: '1.00', per: 'day', by: 'payee' }] }));
    await pay(guarded, 1_000_000, PAYEE);
    await pay(guarded, 1_000_000, STRANGER);
    assert.equal((await refused(pay(guarded, 1, PAYEE))).code, 'budget-exceeded');
});

test('hours begin anew', async () => {
    let now = Date.UTC(2026, 0, 1, 10, 59);
    const guarded = guardFetch(fake(settled), paying({ budgets: [{ name: 'total', unit: 'usd', limit: '1.00', per: 'hour' }] }), { now: () => now });
    await pay(guarded, 1_000_000);
    assert.equal((await refused(pay(guarded, 1))).code, 'budget-exceeded');
    now += 60_000;
    await pay(guarded, 1_000_000);
});

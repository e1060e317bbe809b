// Budget policies of x402 Sentinel, as documents: the same limits, and what was wrong with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compile, conservativePolicy, customPolicy, guardFetch, liberalPolicy, policyFromBudget, PolicyError, standardPolicy, unlimitedPolicy } from '@sentinel/policy';

import { AGENT, fake, payment, receipt, refused } from './support.mjs';

const settled = () => new Response('goods', { headers: { 'payment-response': receipt(true) } });
const compiled = (budget, more = {}) => compile(policyFromBudget(budget, { agentId: AGENT, ...more }));
const guard = (budget, options = {}) => guardFetch(fake(settled), compiled(budget), options);
const pay = (guarded, usd, url = 'https://shop.example/x') => guarded(url, { headers: { 'payment-signature': payment(Math.round(Number(usd) * 1e6)) } });

test('presets are the documented limits', async () => {
    const limits = (budget) => Object.fromEntries(compiled(budget).describe().meters.filter((own) => own.meter.startsWith('budgets/')).map((own) => [own.meter, own.limit]));
    const doc = (budget) => JSON.parse(policyFromBudget(budget, { agentId: AGENT }));
    for (const [budget, perCall, perHour, perDay, spike] of [
        ['conservative', '0.10', '5.00', '50.00', 3], [conservativePolicy(), '0.10', '5.00', '50.00', 3],
        ['standard', '1.00', '25.00', '200.00', 3], [standardPolicy(), '1.00', '25.00', '200.00', 3],
        ['liberal', '10.00', '100.00', '1000.00', 5], [liberalPolicy(), '10.00', '100.00', '1000.00', 5],
        ['custom', '1.00', '25.00', '200.00', 3],
    ]) {
        const own = doc(budget);
        assert.deepEqual(own.budgets, [
            { name: 'max-per-call', unit: 'usd', limit: perCall, per: 'call' },
            { name: 'max-per-hour', unit: 'usd', limit: perHour, per: 'hour' },
            { name: 'max-per-day', unit: 'usd', limit: perDay, per: 'day' },
        ]);
        assert.deepEqual([own.anomaly.spike.times, own.network.x402.maxPerPayment], [spike, perCall]);
        assert.equal(limits(budget)['budgets/max-per-day'], Number(perDay) * 1e6);
    }
    for (const budget of ['unlimited', unlimitedPolicy()]) assert.deepEqual([doc(budget).budgets, doc(budget).anomaly], [[], undefined]);
    const own = doc(customPolicy({ maxTotal: '500.00', maxPerCall: '2.00' }));
    assert.deepEqual(own.budgets.map((entry) => entry.limit), ['2.00', '25.00', '200.00', '500.00']);
});

test('limits may be reached, and not passed', async () => {
    const guarded = guard({ maxPerCall: '0.60', maxTotal: '1.00' });
    await pay(guarded, '0.60');
    await pay(guarded, '0.40');
    assert.equal((await refused(pay(guarded, '0.000001'))).code, 'budget-exceeded');
    assert.equal((await refused(pay(guard({ maxPerCall: '0.60' }), '0.600001'))).code, 'payment-too-large');
    const free = guard('unlimited');
    await pay(free, '1000000');
    assert.equal((await guarded('https://anywhere.example/', {}).catch((error) => error)).code, 'payment-unseen');
});

test('requests that pay nothing are not asked for a price', async () => {
    const guarded = guardFetch(fake(), compiled('conservative'));
    assert.equal((await guarded('https://shop.example/')).status, 200);
    assert.equal((await refused(guarded('http://10.0.0.1/'))).code, 'address-private');
});

test('defect: lists of endpoints hold against every spelling', async () => {
    const blocked = guard(customPolicy({ blockedEndpoints: ['https://evil.example/*'] }));
    for (const url of ['https://evil.example', 'https://EVIL.example/x', 'https://evil.example:443/', 'https://evil.example/?q', 'https://evil.example./', 'https://ev\til.example/', new URL('https://evil.example')]) {
        assert.equal((await refused(pay(blocked, '0.01', url))).code, 'rule-block', String(url));
        assert.equal((await refused(blocked(url))).code, 'rule-block', 'also where nothing is paid');
    }
    await pay(blocked, '0.01', 'https://notevil.example/');
    await pay(blocked, '0.01', 'https://evilxexample/');
    const allowed = guard(customPolicy({ allowedEndpoints: ['https://shop.example/v1/*'] }));
    await pay(allowed, '0.01', 'https://shop.example/v1/x');
    for (const url of ['https://shop.example/v2/', 'https://shop.example/v1/../v2/', 'https://shop.example/v1/%2e%2e/v2', 'https://shopxexample/v1/x']) {
        assert.equal((await refused(pay(allowed, '0.01', url))).code, 'rule-block', url);
    }
});

test('defect 2: an approval above a limit is asked for', async () => {
    const asked = [];
    const guarded = guard(customPolicy({ maxPerCall: '100.00', maxPerHour: '100.00', requireApproval: { above: '50.00' } }), {
        approve: async ({ amount }) => {
            asked.push(amount);
            return true;
        },
    });
    await pay(guarded, '50');
    await pay(guarded, '50.000001').catch((error) => assert.equal(error.code, 'budget-exceeded'));
    const other = guard(customPolicy({ maxPerCall: '100.00', maxPerHour: '100.00', requireApproval: { above: '50.00' } }), { approve: async ({ amount }) => asked.push(amount) && true });
    await pay(other, '50.000001');
    assert.deepEqual(asked, ['50.000001']);
});

test('a price that jumps is blocked', async () => {
    const guarded = guard({ spikeThreshold: 3 });
    for (let index = 0; index < 3; index += 1) await pay(guarded, '0.10');
    await pay(guarded, '0.30');
    assert.equal((await refused(pay(guarded, '0.50'))).code, 'spend-spike');
});

test('what is no amount, no field and no preset is a mistake', () => {
    for (const limit of ['.', '+1', '0x10', '1.-5', '', '-1', '1e3', ' 1', '1.2345678', 1]) {
        assert.throws(() => compiled({ maxTotal: limit }), PolicyError, String(limit));
        assert.throws(() => compiled(customPolicy({ requireApproval: { above: limit } })), PolicyError, String(limit));
    }
    for (const budget of [
        { maxPercall: '1.00' }, { preset: 'gold' }, { preset: 'standard', maxTotal: '1.00' }, { allowedEndpoints: [] }, { blockedEndpoints: ['x'], allowedEndpoints: ['y'] }, { preset: '__proto__' },
    ]) {
        assert.throws(() => compiled(budget), TypeError, JSON.stringify(budget));
    }
    for (const times of [1, 0.5, 0, -3, NaN]) assert.throws(() => compiled({ spikeThreshold: times }), PolicyError, String(times));
    for (const pattern of ['c++', 'https://*']) {
        // Neither is an error of expressions; what is no URL is said to be none.
        try {
            compiled({ blockedEndpoints: [pattern] });
        } catch (error) {
            assert.ok(error instanceof PolicyError, String(error));
        }
    }
});

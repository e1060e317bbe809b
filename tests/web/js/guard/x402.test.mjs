// The official client, the official server, and guardFetch between them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { guardFetch } from '@sentinel/policy';
import { ExactEvmScheme } from '@x402/evm';
import { wrapFetchWithPaymentFromConfig } from '@x402/fetch';
import { privateKeyToAccount } from 'viem/accounts';

import { shop } from './shop.mjs';
import { base64, NETWORK, PAYEE, paying, policy, refused, serve, total } from './support.mjs';

const payer = (inner) => {
    const account = privateKeyToAccount(`0x${'1'.repeat(64)}`);
    return wrapFetchWithPaymentFromConfig(inner, { schemes: [{ network: NETWORK, client: new ExactEvmScheme(account) }], spendControls: false });
};
const meter = (guarded) => {
    const { used, held } = guarded.session.meters.find((own) => own.meter === 'budgets/total') ?? { used: 0, held: 0 };
    return { used, held };
};

test('inside of the paying fetch, what is bought is paid, decided and recorded once', async () => {
    const { url, told } = await shop({ '/half': '$0.50' });
    const guarded = guardFetch(fetch, paying(total('1.00')));
    const answer = await payer(guarded)(`${url}/half`);
    assert.deepEqual([answer.status, await answer.json()], [200, { goods: '/half' }]);
    assert.deepEqual([told.verified, told.settled, told.micros], [1, 1, 500_000]);
    assert.deepEqual(meter(guarded), { used: 500_000, held: 0 });
    const rows = await guarded.audit.query({ order: 'asc' });
    assert.deepEqual(rows.map((row) => [row.status_code, row.amount]), [[402, '0.000000'], [200, '0.500000']]);
    assert.match(rows[1].tx_hash, /^0x[0-9a-f]{64}$/);
    assert.equal(rows[1].payee_address.toLowerCase(), PAYEE);
    assert.equal(rows[1].payer_address, privateKeyToAccount(`0x${'1'.repeat(64)}`).address);
});

test('defect 4: ten payments of $0.50 at once under $1.00, and exactly two are settled', async () => {
    const { url, told } = await shop({ '/half': '$0.50' });
    const guarded = guardFetch(fetch, paying(total('1.00')));
    const pay = payer(guarded);
    const done = await Promise.allSettled(Array.from({ length: 10 }, () => pay(`${url}/half`)));
    assert.equal(done.filter((own) => own.value?.status === 200).length, 2);
    const errors = done.filter((own) => own.status === 'rejected').map((own) => own.reason.code);
    assert.deepEqual(errors, Array(8).fill('budget-exceeded'));
    assert.deepEqual([told.settled, told.micros], [2, 1_000_000]);
    assert.deepEqual(meter(guarded), { used: 1_000_000, held: 0 });
});

test('what the facilitator refuses to settle is free again, where servers are trusted', async () => {
    const { url, told } = await shop({ '/half': '$0.50' });
    const guarded = guardFetch(fetch, paying(total('0.50')), { unsettled: 'void' });
    const pay = payer(guarded);
    told.refuses = true;
    assert.equal((await pay(`${url}/half`)).status, 402);
    assert.deepEqual(meter(guarded), { used: 0, held: 0 });
    told.refuses = false;
    assert.equal((await pay(`${url}/half`)).status, 200);
    assert.equal(told.settled, 1);
    assert.equal((await guarded.audit.summary()).total_spend, '0.500000');
});

test('prices, payees and hosts are the policy\'s to allow', async () => {
    const { url, told } = await shop({ '/half': '$0.50', '/dear': '$0.51' });
    const limited = guardFetch(fetch, paying({}, { maxPerPayment: '0.50' }));
    assert.equal((await payer(limited)(`${url}/half`)).status, 200);
    assert.equal((await refused(payer(limited)(`${url}/dear`))).code, 'payment-too-large');
    const others = guardFetch(fetch, paying({}, { payees: ['0x1111111111111111111111111111111111111111'] }));
    assert.equal((await refused(payer(others)(`${url}/half`))).code, 'payee-not-allowed');
    assert.equal((await refused(payer(guardFetch(fetch, policy()))(`${url}/half`))).code, 'payment-not-allowed');
    assert.equal(told.settled, 1);
});

test('defect 1: around the paying fetch, the first payment is found out and is the last', async () => {
    const { url, told } = await shop({ '/half': '$0.50', '/free': '$0.01' });
    const guarded = guardFetch(payer(fetch), paying(total('0.10')));
    const error = await refused(guarded(`${url}/half`));
    assert.equal(error.code, 'payment-unseen');
    assert.match(error.message, /wrapFetchWithPayment\(guardFetch\(fetch, policy\), signer\)/);
    for (let index = 0; index < 4; index += 1) assert.equal((await refused(guarded(`${url}/half`))).code, 'payment-unseen');
    assert.equal(told.settled, 1, 'there, five went through');
    const rows = await guarded.audit.query({ tags: ['payment-unseen'] });
    assert.equal(rows.length, 1);
    assert.equal(rows[0].code, 'payment-unseen');
});

test('a person is asked before a payment is made', async () => {
    const { url, told } = await shop({ '/half': '$0.50', '/other': '$0.50' });
    const questions = [];
    const approve = async (question) => {
        questions.push([question.url, question.amount, question.payee.toLowerCase(), told.settled]);
        return question.url.endsWith('/other') && { by: 'carol' };
    };
    const pay = payer(guardFetch(fetch, paying({ approvals: { above: '0.25' } }), { approve }));
    for (const again of [false, true]) assert.equal((await refused(pay(`${url}/half`))).code, 'approval-denied', `${again}`);
    assert.equal((await pay(`${url}/other`)).status, 200);
    assert.deepEqual(questions, [[`${url}/half`, '0.500000', PAYEE, 0], [`${url}/other`, '0.500000', PAYEE, 0]], 'a no is not asked for again');
});

/** What `x402-fetch` 1.x sends: requirements in the body, `X-PAYMENT`, a network by its name. */
const firstVersion = (inner, { value, payTo }) => async (url) => {
    const answer = await inner(url);
    if (answer.status !== 402) return answer;
    const { accepts } = await answer.json();
    const authorization = { from: '0xa11ce00000000000000000000000000000000000', to: payTo ?? accepts[0].payTo, value: value ?? accepts[0].maxAmountRequired, validAfter: '0', validBefore: '99999999999', nonce: '0x01' };
    const header = base64({ x402Version: 1, scheme: 'exact', network: accepts[0].network, payload: { signature: '0x1b2b', authorization } });
    return inner(url, { headers: { 'X-PAYMENT': header, 'Access-Control-Expose-Headers': 'X-PAYMENT-RESPONSE' } });
};

test('version 1 is governed as well', async () => {
    const server = await serve((request, response) => {
        if (request.headers['x-payment'] === undefined) {
            const accepts = [{ scheme: 'exact', network: 'base-sepolia', maxAmountRequired: '500000', resource: 'http://x/', payTo: PAYEE, asset: '0x036CbD53842c5426634e7929541eC2318f3dCF7e', maxTimeoutSeconds: 60 }];
            response.writeHead(402, { 'content-type': 'application/json' }).end(JSON.stringify({ x402Version: 1, accepts }));
            return;
        }
        response.writeHead(200, { 'x-payment-response': base64({ success: true, transaction: '0xabc', network: 'base-sepolia', payer: '0xa' }) }).end('goods');
    });
    const guarded = guardFetch(fetch, paying(total('1.00')));
    const buy = firstVersion(guarded, {});
    assert.equal(await (await buy(server.url)).text(), 'goods');
    assert.equal(await (await buy(server.url)).text(), 'goods');
    assert.equal((await refused(buy(server.url))).code, 'budget-exceeded');
    assert.deepEqual(meter(guarded), { used: 1_000_000, held: 0 });
    const [record] = await guarded.audit.query({ minAmount: '0.50', status: ['allowed'] });
    assert.deepEqual([record.amount, record.amount_raw, record.network, record.tx_hash], ['0.500000', '500000', 'base-sepolia', '0xabc']);
    const outer = guardFetch(firstVersion(fetch, {}), paying(total('1.00')));
    assert.equal((await refused(outer(server.url))).code, 'payment-unseen');
});

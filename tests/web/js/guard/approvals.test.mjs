// People: really asked, once for each question, and whatever goes wrong is a no. And the other code of the program.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { guardFetch, Session } from '@sentinel/policy';

import { fake, PAYEE, payment, paying, policy, receipt, refused, sleep, total } from './support.mjs';

const URL = 'http://127.0.0.1:9/buy';
const asks = (more = {}) => policy({ approvals: { tools: ['http'], ...more } });
const settled = () => new Response('goods', { headers: { 'payment-response': receipt(true) } });
const pay = (guarded, micros, signal) => guarded(URL, { headers: { 'payment-signature': payment(micros) }, signal });

test('defect 2: the handler is really called, and its yes lets through', async () => {
    const questions = [];
    const inner = fake(settled);
    const guarded = guardFetch(inner, paying({ ...total('100.00'), approvals: { above: '50.00' } }), {
        approve: async (question) => {
            questions.push(question);
            return { by: 'carol', note: 'for the map' };
        },
    });
    await pay(guarded, 50_000_000);
    assert.equal(questions.length, 0, 'exactly the limit asks nobody');
    await pay(guarded, 50_000_000);
    assert.equal((await refused(pay(guarded, 60_000_000))).code, 'budget-exceeded', 'nobody is asked about what is denied anyway');
    assert.equal(questions.length, 0);
    const rich = guardFetch(inner, paying({ approvals: { above: '50.00' } }), { approve: async (question) => questions.push(question) && { by: 'carol', note: 'for the map' } });
    await pay(rich, 50_000_001);
    const [{ signal, verdict, approvalId, call, ...question }] = questions;
    assert.deepEqual([JSON.parse(call).toolName, JSON.parse(call).toolInput.payment.amount], ['http', '50000001'], 'all of it is shown');
    assert.ok(!call.includes('signature'), 'but what signs it');
    assert.deepEqual(question, { agentId: 'buyer', reason: verdict.reason, code: 'approval-above', method: 'GET', url: URL, amount: '50.000001', payee: PAYEE });
    assert.ok(signal.aborted, 'the question is over');
    const [record] = await rich.audit.query();
    assert.deepEqual([record.approval_id, record.approved_by, record.approval_note, record.code, record.amount], [approvalId, 'carol', 'for the map', 'approved', '50.000001']);
});

test('a no is a no, and so is everything that is not a yes', async () => {
    for (const answer of [false, undefined, null, 0, 1, 'yes', 'true', {}, { by: '' }, { by: 7 }, { approved: true }, [], [true]]) {
        const inner = fake();
        const guarded = guardFetch(inner, asks(), { approve: async () => answer });
        const error = await refused(guarded(URL));
        assert.deepEqual([error.code, error.permitted, error.verdict.decision], ['approval-denied', false, 'escalate'], JSON.stringify(answer));
        assert.equal(inner.asked.length, 0);
        // It holds: nobody is asked the same again.
        assert.equal((await refused(guarded(URL))).code, 'approval-denied');
        const [record] = await guarded.audit.query();
        assert.deepEqual([record.outcome, record.permitted, record.policy_evaluation], ['blocked', false, 'blocked']);
    }
});

test('a handler that throws is a no', async () => {
    for (const approve of [() => { throw new Error('slack is down'); }, async () => { throw new Error('slack is down'); }]) {
        const inner = fake();
        const error = await refused(guardFetch(inner, asks(), { approve })(URL));
        assert.equal(error.code, 'approval-failed');
        assert.match(error.cause.message, /slack is down/);
        assert.equal(inner.asked.length, 0);
    }
});

test('ten identical requests that wait ask one question at a time', async () => {
    let [open, most] = [0, 0];
    const asked = [];
    const inner = fake();
    const guarded = guardFetch(inner, asks(), {
        approve: async ({ approvalId }) => {
            asked.push(approvalId);
            most = Math.max(most, (open += 1));
            await sleep(5);
            open -= 1;
            return true;
        },
    });
    const answers = await Promise.all(Array.from({ length: 10 }, () => guarded(URL)));
    assert.ok(answers.every((answer) => answer.status === 200));
    assert.equal(inner.asked.length, 10);
    assert.equal(new Set(asked).size, asked.length, 'each question once');
    assert.deepEqual([asked.length, most], [10, 1], 'one yes is for one request');
});

test('guards of one session ask a question once', async () => {
    let asked = 0;
    const session = new Session(asks());
    const inner = fake();
    const approve = async () => {
        asked += 1;
        await sleep(5);
        return asked > 1;
    };
    const done = await Promise.allSettled([1, 2, 3].map(() => guardFetch(inner, session, { approve })(URL)));
    assert.deepEqual(done.map((own) => own.reason?.code), Array(3).fill('approval-denied'));
    assert.deepEqual([asked, inner.asked.length], [1, 0]);
});

test('one no answers ten identical requests', async () => {
    let asked = 0;
    const inner = fake();
    const guarded = guardFetch(inner, asks(), {
        approve: async () => {
            asked += 1;
            await sleep(5);
            return false;
        },
    });
    const done = await Promise.allSettled(Array.from({ length: 10 }, () => guarded(URL)));
    assert.ok(done.every((own) => own.reason?.code === 'approval-denied'));
    assert.deepEqual([asked, inner.asked.length], [1, 0]);
});

test('who does not answer in time says no, and what comes later is not heard', async () => {
    let late;
    const inner = fake();
    const guarded = guardFetch(inner, asks(), { approve: () => new Promise((resolve) => (late = resolve)), approveTimeoutMs: 20 });
    assert.equal((await refused(guarded(URL))).code, 'approval-expired');
    late(true);
    await sleep(5);
    assert.equal((await refused(guarded(URL))).code, 'approval-denied');
    assert.equal(inner.asked.length, 0);
});

test('a request that is given up leaves the question to the others', async () => {
    let answer;
    let asked = 0;
    const inner = fake();
    const approve = ({ signal }) => new Promise((resolve, reject) => {
        asked += 1;
        answer = resolve;
        signal.addEventListener('abort', () => reject(signal.reason));
    });
    const guarded = guardFetch(inner, asks(), { approve });
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [first, second].map(({ signal }) => guarded(URL, { signal }));
    await sleep(5);
    first.abort();
    await assert.rejects(waiting[0], { name: 'AbortError' });
    answer(true);
    assert.equal((await waiting[1]).status, 200);
    assert.deepEqual([asked, inner.asked.length], [1, 1]);
    // Where nobody waits any more, nobody said anything: the next request asks again.
    const third = new AbortController();
    const alone = guarded(URL, { signal: third.signal });
    await sleep(5);
    third.abort();
    await assert.rejects(alone, { name: 'AbortError' });
    await sleep(5);
    const again = guarded(URL);
    await sleep(5);
    answer(true);
    assert.equal((await again).status, 200);
    assert.equal(asked, 3);
});

test('who comes while a handler gives up asks anew', async () => {
    const inner = fake();
    let asked = 0;
    const slow = async ({ signal }) => {
        asked += 1;
        if (asked > 1) return { by: 'carol' };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await sleep(20);
        // Neither an error nor a no of somebody who was not asked any more.
        if (inner.fails) throw signal.reason;
        return false;
    };
    for (const fails of [true, false]) {
        [inner.fails, asked] = [fails, 0];
        const guarded = guardFetch(inner, asks(), { approve: slow });
        const first = new AbortController();
        const alone = guarded(URL, { signal: first.signal });
        await sleep(5);
        first.abort();
        await assert.rejects(alone, { name: 'AbortError' });
        assert.equal((await guarded(URL)).status, 200);
        await sleep(30);
        assert.equal((await guarded(URL)).status, 200, 'what the first says late changes nothing');
        assert.equal(asked, 3);
    }
});

test('without a handler, the session can be answered by whoever has it', async () => {
    const inner = fake();
    const session = new Session(asks());
    const guarded = guardFetch(inner, session);
    const error = await refused(guarded(URL));
    assert.deepEqual([error.code, error.verdict.decision], ['approval-tool', 'escalate']);
    assert.match(error.message, new RegExp(`let a person answer ${error.approvalId}`));
    assert.equal((await guarded.audit.query())[0].policy_evaluation, 'flagged');
    session.approve(error.approvalId, 'carol');
    assert.equal((await guarded(URL)).status, 200);
    assert.equal((await refused(guarded(URL))).verdict.decision, 'escalate', 'once');
    const answer = await guardFetch(inner, asks(), { onDenied: 'response' })(URL);
    const body = await answer.json();
    assert.deepEqual([answer.status, body.decision, body.approval.status], [403, 'escalate', 'pending']);
});

test('a yes to a payment holds for the same payment signed anew, and for no other', async () => {
    const inner = fake(settled);
    const session = new Session(paying({ approvals: { above: '0.10' } }));
    const guarded = guardFetch(inner, session);
    const error = await refused(pay(guarded, 500_000));
    assert.equal((await refused(pay(guarded, 500_000))).approvalId, error.approvalId, 'the same question');
    session.approve(error.approvalId, 'carol');
    assert.equal((await refused(pay(guarded, 500_001))).verdict.decision, 'escalate');
    assert.equal((await refused(guarded(URL, { headers: { 'payment-signature': payment(500_000, `0x${'1'.repeat(40)}`) } }))).verdict.decision, 'escalate');
    assert.equal((await pay(guarded, 500_000)).status, 200);
    assert.notEqual((await refused(pay(guarded, 500_000))).approvalId, error.approvalId);
    const no = await refused(pay(guarded, 700_000));
    session.deny(no.approvalId, 'carol');
    assert.equal((await refused(pay(guarded, 700_000))).code, 'approval-denied', 'a no holds, too');
});

test('the policy says who may answer, and how many have to', async () => {
    const inner = fake();
    const own = asks({ approvers: ['carol', 'dave'], quorum: 2 });
    const people = ['carol', 'dave'];
    await guardFetch(inner, own, { approve: async () => ({ by: people.shift() }) })(URL);
    assert.equal(inner.asked.length, 1);
    for (const approve of [async () => true, async () => ({ by: 'mallory' }), async () => ({ by: 'carol' })]) {
        assert.equal((await refused(guardFetch(inner, own, { approve })(URL))).code, 'approval-failed');
    }
    assert.equal(inner.asked.length, 1);
});

test('an approval does not outlive what else the policy says', async () => {
    const inner = fake(settled);
    const own = paying({ ...total('1.00'), approvals: { above: '0.10' } });
    let waiting = 0;
    let release;
    const gate = new Promise((resolve) => (release = resolve));
    const guarded = guardFetch(inner, own, {
        approve: async () => {
            if ((waiting += 1) === 3) release();
            await gate;
            return true;
        },
    });
    // Three yeses, and money for two.
    const done = await Promise.allSettled([400_000, 450_000, 500_000].map((micros) => pay(guarded, micros)));
    assert.equal(done.filter((own) => own.status === 'fulfilled').length, 2);
    assert.equal(done.find((own) => own.status === 'rejected').reason.code, 'budget-exceeded');
    assert.equal(inner.asked.length, 2);
});

test('hooks are really called, and can only make it stricter', async () => {
    const told = [];
    const hooks = {
        beforePayment: (own) => void told.push(['before', own.amount, own.payee, own.endpoint, Object.isFrozen(own)]),
        afterPayment: (record) => void told.push(['after', record.amount, record.outcome]),
        onBudgetExceeded: (error, record) => void told.push(['budget', error.code, record.amount]),
        onDenied: (error) => {
            told.push(['denied', error.code]);
            error.permitted = true;
        },
    };
    const inner = fake(settled);
    const guarded = guardFetch(inner, paying(total('1.00')), { hooks, onError: () => {} });
    await guarded(URL).catch(() => {});
    assert.deepEqual(told.splice(0), [['denied', 'payment-unseen']]);
    const other = guardFetch(inner, paying(total('1.00')), { hooks, onError: () => {} });
    await pay(other, 600_000);
    assert.equal((await refused(pay(other, 600_000))).code, 'budget-exceeded');
    assert.deepEqual(told, [['before', '0.600000', PAYEE, URL, true], ['after', '0.600000', 'executed'], ['budget', 'budget-exceeded', '0.600000'], ['denied', 'budget-exceeded']]);
});

test('a hook before a payment can refuse it, and nothing is spent', async () => {
    for (const beforePayment of [() => false, async () => false, () => { throw new Error('no'); }]) {
        const inner = fake(settled);
        const guarded = guardFetch(inner, paying(total('1.00')), { hooks: { beforePayment } });
        const error = await refused(pay(guarded, 600_000));
        assert.equal(error.code, 'hook-refused');
        assert.equal(inner.asked.length, 0);
        const [meter] = guarded.session.meters.filter((own) => own.meter === 'budgets/total');
        assert.deepEqual([meter?.used ?? 0, meter?.held ?? 0], [0, 0]);
        const [record] = await guarded.audit.query();
        assert.deepEqual([record.code, record.outcome, record.policy_evaluation], ['hook-refused', 'blocked', 'blocked']);
        assert.equal((await guarded.audit.summary()).total_spend, '0.000000');
    }
    for (const beforePayment of [() => true, () => undefined, () => ({ permitted: true })]) {
        const guarded = guardFetch(fake(settled), paying(total('0.50')), { hooks: { beforePayment } });
        assert.equal((await refused(pay(guarded, 600_000))).code, 'budget-exceeded', 'it permits nothing');
    }
});

test('hooks that fail afterwards change nothing', async () => {
    const errors = [];
    const broken = () => {
        throw new Error('broken');
    };
    const hooks = { afterPayment: broken, onDenied: broken, onBudgetExceeded: broken, onAnomaly: broken };
    const guarded = guardFetch(fake(settled), paying(total('1.00')), { hooks, onError: (error, where) => errors.push(where) });
    assert.equal((await pay(guarded, 600_000)).status, 200);
    assert.equal((await refused(pay(guarded, 600_000))).code, 'budget-exceeded');
    assert.deepEqual(errors, ['afterPayment', 'onBudgetExceeded', 'onDenied']);
});

test('what is unusual is told', async () => {
    const told = [];
    const spike = { anomaly: { tools: ['http'], signals: [], spike: { times: 3, action: 'block' } } };
    const guarded = guardFetch(fake(settled), paying(spike), { hooks: { onAnomaly: (verdict) => void told.push(verdict.code) } });
    for (let index = 0; index < 3; index += 1) await pay(guarded, 100_000);
    await pay(guarded, 300_000);
    assert.deepEqual(told, []);
    for (let index = 0; index < 3; index += 1) assert.equal((await refused(pay(guarded, 900_000))).code, 'spend-spike', 'what is denied is not learned');
    assert.deepEqual(told, ['spend-spike', 'spend-spike', 'spend-spike']);
});

// What was spent is known after a restart, or nothing is spent.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { guardFetch, Session } from '@sentinel/policy';
import { FileSession } from '@sentinel/policy/node-storage';

import { directory, fake, payment, paying, receipt, refused, sleep, total } from './support.mjs';

const URL = 'http://127.0.0.1:9/buy';
const settled = () => new Response('goods', { headers: { 'payment-response': receipt(true) } });
const pay = (guarded, micros = 500_000) => guarded(URL, { headers: { 'payment-signature': payment(micros) } });
const own = paying(total('1.00'));

test('a budget survives restarts', async () => {
    const path = join(directory(), 'deep/session');
    for (let restart = 0; restart < 2; restart += 1) {
        const guarded = guardFetch(fake(settled), own, { persist: new FileSession(path) });
        await pay(guarded);
        await guarded.close();
    }
    const guarded = guardFetch(fake(settled), own, { persist: new FileSession(path) });
    assert.equal((await refused(pay(guarded))).code, 'budget-exceeded');
    assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('what was on its way in a crash counts as spent', async () => {
    const path = join(directory(), 'session');
    const crashing = guardFetch(() => new Promise(() => {}), own, { persist: new FileSession(path) });
    void pay(crashing, 700_000);
    while (!statSync(path, { throwIfNoEntry: false })) await sleep(2);
    const after = guardFetch(fake(settled), own, { persist: new FileSession(path) });
    assert.equal((await refused(pay(after, 300_001))).code, 'budget-exceeded');
    assert.equal((await pay(after, 300_000)).status, 200);
});

test('a damaged session is refused, for good', async () => {
    const path = join(directory(), 'session');
    const guarded = guardFetch(fake(settled), own, { persist: new FileSession(path) });
    await pay(guarded);
    await guarded.close();
    const saved = readFileSync(path, 'utf8');
    const foreign = new Session(paying({ ...total('1.00'), agentId: 'other' })).save();
    for (const damaged of ['', '{}', 'null', saved.slice(0, -1), saved.replace('500000', '000000'), `${saved} `, saved.slice(1), foreign]) {
        writeFileSync(path, damaged);
        const inner = fake(settled);
        const after = guardFetch(inner, own, { persist: new FileSession(path) });
        const error = await refused(pay(after, 1));
        assert.equal(error.code, 'session-damaged', damaged.slice(0, 40));
        assert.match(error.message, /nobody knows what was spent/);
        writeFileSync(path, saved);
        assert.equal((await refused(pay(after, 1))).code, 'session-damaged');
        assert.equal(inner.asked.length, 0);
    }
    for (const load of [() => undefined, () => 7, () => { throw new Error('gone'); }, async () => Promise.reject(new Error('gone'))]) {
        assert.equal((await refused(pay(guardFetch(fake(settled), own, { persist: { load, save: () => {} } })))).code, 'session-damaged');
    }
});

test('a store that could not be read is asked again', async () => {
    let isLocked = true;
    const load = async () => {
        if (isLocked) throw new Error('locked');
        return null;
    };
    const inner = fake(settled);
    const guarded = guardFetch(inner, own, { persist: { load, save: () => {} }, onError: () => {} });
    assert.equal((await refused(pay(guarded))).code, 'session-damaged');
    assert.equal(inner.asked.length, 0);
    isLocked = false;
    assert.equal((await pay(guarded)).status, 200);
});

test('a clock that is far behind what was saved permits nothing, until it is right', async () => {
    let now = Date.UTC(2030, 0, 1);
    let saved = null;
    const persist = { load: () => saved, save: (text) => void (saved = text) };
    const inner = fake(settled);
    const guarded = () => guardFetch(inner, own, { persist, now: () => now, onError: () => {} });
    await pay(guarded());
    now = Date.UTC(2026, 0, 1);
    const again = guarded();
    const error = await refused(pay(again));
    assert.deepEqual([error.code, error.status, inner.asked.length], ['clock-behind', 503, 1]);
    assert.match(error.message, /put the clock right/);
    now = Date.UTC(2030, 0, 1);
    assert.equal((await pay(again)).status, 200);
    assert.equal((await refused(pay(again))).code, 'budget-exceeded', 'what was spent is known');
});

test('what cannot be saved does not leave', async () => {
    const inner = fake(settled);
    let works = false;
    const save = async () => {
        if (!works) throw new Error('disk full');
    };
    const guarded = guardFetch(inner, own, { persist: { load: () => null, save }, onError: () => {} });
    assert.equal((await refused(pay(guarded))).code, 'session-not-saved');
    assert.equal(inner.asked.length, 0);
    works = true;
    await pay(guarded);
    await pay(guarded);
    assert.equal(inner.asked.length, 2, 'what did not leave is not spent');
});

test('it is saved before it leaves, also where many leave at once', async () => {
    const events = [];
    let saves = 0;
    const persist = {
        load: () => null,
        save: async (text) => {
            saves += 1;
            const number = saves;
            await sleep(3);
            events.push(`saved ${number}`);
            persist.last = text;
        },
    };
    const inner = async () => {
        const held = Session.restore(own, persist.last).meters.find((meter) => meter.meter === 'budgets/total');
        events.push(held === undefined ? 'unsaved' : 'sent');
        return settled();
    };
    const guarded = guardFetch(inner, own, { persist });
    await Promise.all([pay(guarded, 100_000), pay(guarded, 100_000), pay(guarded, 100_000)]);
    assert.deepEqual(events.filter((event) => !event.startsWith('saved')), ['sent', 'sent', 'sent']);
    assert.equal(events[0], 'saved 1');
    assert.ok(saves <= 5, 'requests share what is written');
    await guarded.close();
    const [meter] = Session.restore(own, persist.last).meters.filter((meter) => meter.meter === 'budgets/total');
    assert.deepEqual([meter.used, meter.held], [300_000, 0]);
});

/** Waits until everything that was spent is in the file. */
async function kept(path, micros) {
    for (let tries = 0; tries < 1_000; tries += 1) {
        const [meter] = Session.restore(own, readFileSync(path, 'utf8')).meters.filter((meter) => meter.meter === 'budgets/total');
        if (meter?.used === micros && meter.held === 0) return;
        await sleep(10);
    }
    assert.fail('it is never kept');
}

test('two processes with one file do not forget what the other spent', async () => {
    const path = join(directory(), 'session');
    const [one, two] = [1, 2].map(() => guardFetch(fake(settled), own, { persist: new FileSession(path), onError: () => {} }));
    await pay(one);
    await kept(path, 500_000);
    await pay(two);
    await kept(path, 1_000_000);
    assert.equal((await refused(pay(one))).code, 'session-not-saved', 'it does not know of the second payment');
    assert.equal((await refused(pay(two))).code, 'budget-exceeded');
});

test('of two processes that write at once, one is refused', async () => {
    for (let round = 0; round < 10; round += 1) {
        const path = join(directory(), 'session');
        const stores = [1, 2].map(() => new FileSession(path));
        assert.deepEqual(await Promise.all(stores.map((store) => store.load())), [null, null]);
        const done = await Promise.allSettled(stores.map((store, index) => store.save(`text ${index}`)));
        assert.deepEqual(done.map((result) => result.status).sort(), ['fulfilled', 'rejected']);
        const winner = done.findIndex((result) => result.status === 'fulfilled');
        assert.equal(readFileSync(path, 'utf8'), `text ${winner}`);
    }
});

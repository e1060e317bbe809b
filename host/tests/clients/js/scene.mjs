// What every file of steps uses: the daemon that the suite set up, who asks it, and what its ledger says. What a
// client is, and what it should do, is in the files themselves.
import assert from 'node:assert/strict';

import { compile } from '@sentinel/policy';

/** See `scene.rs`. */
export const scene = JSON.parse(process.env.SENTINEL_SCENE);

export const policy = compile(scene.policy);

const PATIENCE_MS = 60_000;

/** Asks the daemon, as somebody. */
export async function ask(who, method, path, body) {
    const headers = { authorization: `Bearer ${scene.keys[who]}`, 'content-type': 'application/json' };
    const answer = await fetch(scene.address + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status < 500, true, `${method} ${path}: ${answer.status} ${text}`);
    return { status: answer.status, text, body: JSON.parse(text) };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until something is found. */
export async function eventually(what, find) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await sleep(20)) {
        const found = await find();
        if (found) return found;
    }
    return assert.fail(`${what}: not in time`);
}

/** Texts of all entries of a kind, oldest first: as they are, with the numbers that they have. */
export async function entries(kind) {
    const found = [];
    for (let from = 0; ; ) {
        const { body, text } = await ask('alice', 'GET', `/v1/ledger/entries?agent=buyer&kind=${kind}&from=${from}&limit=1000`);
        if (body.entries.length === 0) return found;
        found.push(...body.entries.map((entry) => ({ ...entry, ...entry.entry })));
        from = body.entries.at(-1).index + 1;
        assert.ok(text.length > 0);
    }
}

/** The newest question that waits, answered. */
export async function answer(word) {
    const [open] = await eventually('a question', async () => {
        const { body } = await ask('alice', 'GET', '/v1/approvals');
        const waiting = body.approvals.filter((own) => own.status === 'pending');
        return waiting.length > 0 && waiting;
    });
    const { body } = await ask('alice', 'GET', `/v1/approvals/${open.id}`);
    const said = await ask('alice', 'POST', `/v1/approvals/${open.id}/${word}`, {});
    assert.equal(said.status, 200, said.text);
    return body;
}

let nonce = 0;

/** The value of `PAYMENT-SIGNATURE` over so many millionths. Nobody checks its signature here. */
export function payment(micros) {
    nonce += 1;
    const [payTo, amount, network] = ['0x209693bc6afc0c5328ba36faf03c514ef312287c', String(micros), 'eip155:84532'];
    const authorization = { from: '0xa11ce00000000000000000000000000000000000', to: payTo, value: amount, validAfter: '0', validBefore: '99999999999', nonce: `0x${nonce.toString(16).padStart(64, '0')}` };
    const accepted = { scheme: 'exact', network, amount, asset: '0x036cbd53842c5426634e7929541ec2318f3dcf7e', payTo, maxTimeoutSeconds: 90, extra: { name: 'USDC', version: '2' } };
    return btoa(JSON.stringify({ x402Version: 2, resource: { url: 'https://shop.example/' }, accepted, payload: { signature: '0x1b2b', authorization } }));
}

/** An inner fetch that answers by itself, and what it was asked. Payments are settled. */
export function inner() {
    const asked = [];
    const receipt = btoa(JSON.stringify({ success: true, transaction: `0x${'ab'.repeat(32)}`, network: 'eip155:84532', payer: '0xa11ce00000000000000000000000000000000000' }));
    const answering = async (request) => {
        asked.push(request);
        return new Response('goods', { headers: request.headers.has('payment-signature') ? { 'payment-response': receipt } : {} });
    };
    return Object.assign(answering, { asked });
}

/** A call of a tool of the bank, whose arguments are this text. */
export function message(args, tool = 'send') {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    return { method: 'POST', headers, body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${tool}","arguments":${args}}}` };
}

/** Arguments of so many levels, themselves included. */
export const nested = (levels) => `{"n":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

/** The code that something is refused with. */
export async function refused(work) {
    try {
        const answer = await work;
        return assert.fail(`it was not refused: ${answer.status}`);
    } catch (error) {
        if (error.name === 'GuardError') return error;
        throw error;
    }
}

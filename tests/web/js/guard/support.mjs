// What the suites share: servers that end with the test, policies, and a payment as clients send it.
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { compile } from '@sentinel/policy';

export const AGENT = 'buyer';
export const NETWORK = 'eip155:84532';
export const USDC = '0x036cbd53842c5426634e7929541ec2318f3dcf7e';
export const PAYEE = '0x209693bc6afc0c5328ba36faf03c514ef312287c';
export const STRANGER = '0x1111111111111111111111111111111111111111';

/** A server at 127.0.0.1, gone when the file is over. */
export async function serve(handle) {
    const seen = [];
    const server = createServer(async (request, response) => {
        const pieces = [];
        for await (const piece of request) pieces.push(piece);
        request.bytes = Buffer.concat(pieces);
        seen.push({ method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders, body: request.bytes.toString('latin1') });
        await handle(request, response);
    });
    // Node hangs up after five seconds, and a client may just then send the next request.
    server.keepAliveTimeout = 0;
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    after(() => server.close().closeAllConnections());
    const { port } = server.address();
    return { port, url: `http://127.0.0.1:${port}`, seen, close: () => server.close().closeAllConnections() };
}

/** A policy for servers at 127.0.0.1; `more` is laid over it. */
export function policy(more = {}, network = {}) {
    const document = {
        agentId: AGENT,
        version: '1.0.0',
        identity: { authorityLevel: 'limited-ops', environmentScope: ['development'] },
        network: { allowHosts: ['127.0.0.1:*'], ...network },
        ...more,
    };
    return compile(JSON.stringify(document));
}

/** A policy that lets 127.0.0.1 be paid. */
export function paying(more = {}, x402 = {}) {
    return policy(more, { x402: { maxPerPayment: '100.00', ...x402 } });
}

export const total = (limit) => ({ budgets: [{ name: 'total', unit: 'usd', limit, per: 'lifetime' }] });

let nonce = 0;

/** The value of `PAYMENT-SIGNATURE` over so many millionths. Nobody checks its signature here. */
export function payment(micros, payTo = PAYEE) {
    nonce += 1;
    const amount = String(micros);
    const authorization = {
        from: '0xa11ce00000000000000000000000000000000000', to: payTo, value: amount,
        validAfter: '0', validBefore: '99999999999', nonce: `0x${nonce.toString(16).padStart(64, '0')}`,
    };
    const accepted = { scheme: 'exact', network: NETWORK, amount, asset: USDC, payTo, maxTimeoutSeconds: 90, extra: { name: 'USDC', version: '2' } };
    return base64({ x402Version: 2, resource: { url: 'http://127.0.0.1/' }, accepted, payload: { signature: '0x1b2b', authorization } });
}

export const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64');

/** A receipt as servers send it. */
export const receipt = (success, transaction = `0x${'ab'.repeat(32)}`) =>
    base64({ success, transaction, network: NETWORK, payer: '0xa11ce00000000000000000000000000000000000' });

/** An inner fetch that answers by itself, and what it was asked. */
export function fake(answer = () => new Response('ok')) {
    const asked = [];
    const fetch = async (request) => {
        asked.push(request);
        return answer(request, asked.length);
    };
    return Object.assign(fetch, { asked });
}

/** A directory, gone when the file is over. */
export function directory() {
    const path = mkdtempSync(join(tmpdir(), 'sentinel-guard-'));
    after(() => rmSync(path, { recursive: true, force: true }));
    return path;
}

/** The error that something is refused with. */
export async function refused(work) {
    try {
        const answer = await work;
        throw new Error(`it was not refused: ${answer?.status ?? answer}`);
    } catch (error) {
        if (error.name === 'GuardError') return error;
        throw error;
    }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A row as a guard writes it. */
export function row(more = {}) {
    return {
        id: crypto.randomUUID(), agent_id: AGENT, team: null, human_sponsor: null, amount: '0.500000', amount_raw: '500000',
        asset: USDC, network: NETWORK, scheme: 'exact', tx_hash: null, payer_address: '0xa', payee_address: PAYEE, facilitator: null,
        endpoint: 'https://api.example/x', method: 'GET', status_code: 200, response_time_ms: 5, policy_id: null,
        policy_evaluation: 'allowed', budget_remaining: null, task_id: null, session_id: null, metadata: {}, created_at: 1_760_000_000_000,
        settled_at: null, tags: [], decision: 'allow', permitted: true, code: 'host-allowed', reason: '', verdict_id: null,
        approval_id: null, approved_by: null, approval_note: null, outcome: 'executed', ...more,
    };
}

// A shop by the official express middleware, and a facilitator that recovers each signature (EIP-712) and
// settles each nonce once.
import { after } from 'node:test';

import { HTTPFacilitatorClient } from '@x402/core/server';
import { ExactEvmScheme } from '@x402/evm/exact/server';
import { paymentMiddleware, x402ResourceServer } from '@x402/express';
import express from 'express';
import { verifyTypedData } from 'viem';

import { NETWORK, PAYEE } from './support.mjs';

const types = {
    TransferWithAuthorization: [
        { name: 'from', type: 'address' }, { name: 'to', type: 'address' }, { name: 'value', type: 'uint256' },
        { name: 'validAfter', type: 'uint256' }, { name: 'validBefore', type: 'uint256' }, { name: 'nonce', type: 'bytes32' },
    ],
};

const listen = (app) => new Promise((ready) => {
    const server = app.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`));
    server.keepAliveTimeout = 0;
    after(() => server.close().closeAllConnections());
});

/** `goods` are paths and their prices. `told` counts what the facilitator has settled. */
export async function shop(goods) {
    const told = { verified: 0, settled: 0, micros: 0, refuses: false };
    const spent = new Set();
    const isSigned = ({ paymentPayload, paymentRequirements: asked }) => {
        const { authorization, signature } = paymentPayload.payload;
        const domain = { ...asked.extra, chainId: 84532, verifyingContract: asked.asset };
        return verifyTypedData({ address: authorization.from, domain, types, primaryType: 'TransferWithAuthorization', message: authorization, signature });
    };
    const facilitator = express().use(express.json());
    facilitator.get('/supported', (_, answer) => answer.json({ kinds: [{ x402Version: 2, scheme: 'exact', network: NETWORK }], extensions: [], signers: {} }));
    facilitator.post('/verify', async (ask, answer) => {
        const { authorization } = ask.body.paymentPayload.payload;
        const isValid = !spent.has(authorization.nonce) && (await isSigned(ask.body));
        told.verified += isValid ? 1 : 0;
        answer.json({ isValid, payer: authorization.from });
    });
    facilitator.post('/settle', (ask, answer) => {
        const { authorization } = ask.body.paymentPayload.payload;
        const success = !told.refuses && !spent.has(authorization.nonce);
        spent.add(authorization.nonce);
        if (success) {
            told.settled += 1;
            told.micros += Number(authorization.value);
        }
        const why = success ? {} : { errorReason: 'insufficient_funds' };
        answer.json({ success, ...why, transaction: success ? authorization.nonce : '', network: NETWORK, payer: authorization.from });
    });
    const server = new x402ResourceServer(new HTTPFacilitatorClient({ url: await listen(facilitator) })).register(NETWORK, new ExactEvmScheme());
    const routes = Object.fromEntries(Object.entries(goods).map(([path, price]) =>
        [`GET ${path}`, { accepts: { scheme: 'exact', price, network: NETWORK, payTo: PAYEE }, description: path }]));
    const app = express().use(paymentMiddleware(routes, server));
    app.get('/{*any}', (ask, answer) => answer.json({ goods: ask.path }));
    return { url: await listen(app), told };
}

// Resources that cost something, by the official express middleware, and a facilitator that believes
// every signature. GET /seen tells which requests came, and whether they paid, and forgets.
import express from 'express';
import { HTTPFacilitatorClient } from '@x402/core/server';
import { ExactEvmScheme } from '@x402/evm/exact/server';
import { paymentMiddleware, x402ResourceServer } from '@x402/express';

const [payee, stranger, coin] = process.argv.slice(2);
const network = 'eip155:84532';
const listen = (app) => new Promise((ready) => {
    const server = app.listen(0, '127.0.0.1', () => ready(server.address().port));
});

const facilitator = express().use(express.json());
facilitator.get('/supported', (_, response) => {
    response.json({ kinds: [{ x402Version: 2, scheme: 'exact', network }], extensions: [], signers: {} });
});
const payer = ({ body }) => body.paymentPayload.payload.authorization.from;
facilitator.post('/verify', (request, response) => {
    response.json({ isValid: true, payer: payer(request) });
});
facilitator.post('/settle', (request, response) => {
    response.json({ success: true, transaction: `0x${'0'.repeat(64)}`, network, payer: payer(request) });
});
const url = `http://127.0.0.1:${await listen(facilitator)}`;

const costs = (price, payTo) => ({ accepts: { scheme: 'exact', price, network, payTo }, description: 'a thing' });
const unknown = { asset: coin, amount: '1', extra: { name: 'Coin', version: '1' } };
const routes = {
    'GET /cheap': costs('$0.50', payee),
    'GET /dear': costs('$0.51', payee),
    'GET /stranger': costs('$0.01', stranger),
    'GET /coin': costs(unknown, payee),
};

const seen = [];
const app = express();
app.get('/seen', (_, response) => {
    response.json(seen.splice(0));
});
app.use((request, _, next) => {
    seen.push({ path: request.path, paid: request.get('payment-signature') !== undefined });
    next();
});
const server = new x402ResourceServer(new HTTPFacilitatorClient({ url })).register(network, new ExactEvmScheme());
app.use(paymentMiddleware(routes, server));
app.get('/{*path}', (request, response) => {
    response.json({ got: request.path });
});
console.log(await listen(app));

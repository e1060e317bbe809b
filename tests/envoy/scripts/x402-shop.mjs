// A shop that takes payments by x402, and the facilitator that it asks. Says its port, and at
// /told what it has seen. With `never-settles` behind the payee, no money ever goes.
import express from "express";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import { verifyTypedData } from "viem";

const network = "eip155:84532";
const [payTo, how] = process.argv.slice(2);
const elsewhere = "0x000000000000000000000000000000000000bEEF";
const told = { requests: 0, withPayment: 0, settled: 0, settledMicros: 0 };
const listen = (app) => new Promise((go) => { const own = app.listen(0, "127.0.0.1", () => go(own.address().port)); });

const types = {
  TransferWithAuthorization: [
    { name: "from", type: "address" }, { name: "to", type: "address" }, { name: "value", type: "uint256" },
    { name: "validAfter", type: "uint256" }, { name: "validBefore", type: "uint256" }, { name: "nonce", type: "bytes32" },
  ],
};
const isSigned = ({ paymentPayload, paymentRequirements: asked }) => {
  const { authorization, signature } = paymentPayload.payload;
  const domain = { ...asked.extra, chainId: 84532, verifyingContract: asked.asset };
  return verifyTypedData({
    address: authorization.from, domain, types, primaryType: "TransferWithAuthorization", message: authorization, signature,
  });
};
const spent = new Set();
const facilitator = express().use(express.json());
facilitator.get("/supported", (_, answer) =>
  answer.json({ kinds: [{ x402Version: 2, scheme: "exact", network }], extensions: [], signers: {} }));
facilitator.post("/verify", async (ask, answer) => {
  const { authorization } = ask.body.paymentPayload.payload;
  answer.json({ isValid: !spent.has(authorization.nonce) && (await isSigned(ask.body)), payer: authorization.from });
});
facilitator.post("/settle", (ask, answer) => {
  const { authorization } = ask.body.paymentPayload.payload;
  const success = how !== "never-settles" && !spent.has(authorization.nonce);
  spent.add(authorization.nonce);
  if (success) {
    told.settled += 1;
    told.settledMicros += Number(authorization.value);
  }
  answer.json({ success, transaction: authorization.nonce, network, payer: authorization.from });
});
const url = `http://127.0.0.1:${await listen(facilitator)}`;

const server = new x402ResourceServer(new HTTPFacilitatorClient({ url })).register(network, new ExactEvmScheme());
const goods = { "/three": ["$0.03", payTo], "/seven": ["$0.07", payTo], "/dear": ["$0.08", payTo], "/elsewhere": ["$0.03", elsewhere] };
const routes = Object.fromEntries(Object.entries(goods).map(([path, [price, to]]) =>
  [`GET ${path}`, { accepts: { scheme: "exact", price, network, payTo: to }, description: path }]));
const shop = express();
shop.get("/told", (_, answer) => answer.json(told));
shop.use((ask, _, next) => {
  told.requests += 1;
  told.withPayment += ask.headers["payment-signature"] || ask.headers["x-payment"] ? 1 : 0;
  next();
});
shop.use(paymentMiddleware(routes, server));
shop.get("/{*any}", (ask, answer) => answer.json({ goods: ask.path }));
console.log(await listen(shop));

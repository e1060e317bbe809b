// Buys through a proxy, so many things at a time: the given ones once, or without any, cheap and dear ones
// until nothing is sold any more.
import { wrapFetchWithPaymentFromConfig } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const [base, width, ...wanted] = process.argv.slice(2);
const prices = { "/three": 30_000, "/seven": 70_000 };
const client = new ExactEvmScheme(privateKeyToAccount(generatePrivateKey()));
const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes: [{ network: "eip155:84532", client }] });
const told = { paid: 0, paidMicros: 0, refused: {} };

const buy = async (path) => {
  const answer = await pay(base + path);
  if (answer.status === 200) {
    if ((await answer.json()).goods !== path) throw new Error(`other goods for ${path}`);
    told.paid += 1;
    told.paidMicros += prices[path];
    return true;
  }
  const code = answer.headers.get("x-soe-code") ?? `status ${answer.status} ${await answer.text()}`;
  told.refused[code] = (told.refused[code] ?? 0) + 1;
  return false;
};

if (wanted.length > 0) {
  for (const path of wanted) await buy(path);
} else {
  for (let sold = true, round = 0; sold; round += 1) {
    if (round > 50) throw new Error("the budget never ends");
    const paths = Array.from({ length: Number(width) }, (_, index) => ((index + round) % 3 === 0 ? "/seven" : "/three"));
    sold = (await Promise.all(paths.map(buy))).some(Boolean);
  }
}
console.log(JSON.stringify(told));

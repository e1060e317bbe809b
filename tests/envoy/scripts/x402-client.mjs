// The official x402 client: asks for paths at a URL, pays whatever is asked, and tells what it got.
import { ExactEvmScheme } from '@x402/evm';
import { decodePaymentResponseHeader, wrapFetchWithPaymentFromConfig } from '@x402/fetch';
import { privateKeyToAccount } from 'viem/accounts';

const [url, ...paths] = process.argv.slice(2);
const account = privateKeyToAccount(`0x${'1'.repeat(64)}`);
const schemes = [{ network: 'eip155:84532', client: new ExactEvmScheme(account) }];
const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes, spendControls: false });
const told = [];
for (const path of paths) {
    try {
        const response = await pay(`${url}${path}`);
        const receipt = response.headers.get('payment-response');
        const settled = receipt && decodePaymentResponseHeader(receipt).success;
        const type = response.headers.get('content-type') ?? '';
        const body = type.includes('json') ? await response.json() : await response.text();
        told.push({ path, status: response.status, settled, body });
    } catch (error) {
        told.push({ path, thrown: `${error}` });
    }
}
console.log(JSON.stringify(told));

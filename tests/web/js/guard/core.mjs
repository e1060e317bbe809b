// The core of guardFetch, with nothing but what every runtime has; see guard.rs.
const AGENT = 'buyer';
const USDC = '0x036cbd53842c5426634e7929541ec2318f3dcf7e';
const PAYEE = '0x209693bc6afc0c5328ba36faf03c514ef312287c';

const encode = (value) => btoa(JSON.stringify(value));

function payment(amount, nonce) {
    const authorization = { from: '0xa11ce00000000000000000000000000000000000', to: PAYEE, value: amount, validAfter: '0', validBefore: '99999999999', nonce };
    const accepted = { scheme: 'exact', network: 'eip155:84532', amount, asset: USDC, payTo: PAYEE, maxTimeoutSeconds: 90, extra: { name: 'USDC', version: '2' } };
    return encode({ x402Version: 2, resource: { url: 'https://shop.example/' }, accepted, payload: { signature: '0x1b2b', authorization } });
}

export default async function core(policy) {
    const { compile, guardFetch, Session } = policy;
    const document = (more) => compile(JSON.stringify({
        agentId: AGENT, version: '1', identity: { authorityLevel: 'limited-ops', environmentScope: ['development'] },
        network: { allowHosts: ['shop.example', '127.0.0.1:*'], x402: { maxPerPayment: '5.00' } },
        budgets: [{ name: 'total', unit: 'usd', limit: '1.00', per: 'lifetime' }], ...more,
    }));
    const code = (work) => work.then((answer) => answer.status, (error) => error.code ?? String(error.stack));
    const receipt = encode({ success: true, transaction: '0xabc', network: 'eip155:84532', payer: '0xa' });
    let sent = '';
    const inner = async (request) => {
        const own = new URL(request.url);
        if (own.pathname === '/away') return new Response(null, { status: 302, headers: { location: 'https://elsewhere.example/' } });
        const headers = request.headers.has('payment-signature') || own.pathname === '/unseen' ? { 'payment-response': receipt } : {};
        sent = request.url;
        return new Response('goods', { headers });
    };
    const guarded = guardFetch(inner, document());
    await guarded('https://Shop.example:443/a/../b/%63?x=1#f', { method: 'POST', body: new TextEncoder().encode('body') });
    const url = sent;
    const pay = (fetch, nonce) => code(fetch('https://shop.example/', { headers: { 'payment-signature': payment('500000', `0x${nonce}`) } }));
    const told = await Promise.all([1, 2, 3, 4, 5, 6].map((nonce) => pay(guarded, nonce)));
    const restored = guardFetch(inner, Session.restore(document(), guarded.session.save()));
    let asked = 0;
    const approve = async () => {
        asked += 1;
        return { by: 'carol' };
    };
    return {
        paid: told.filter((own) => own === 200).length,
        refused: told.filter((own) => own !== 200),
        spent: (await guarded.audit.summary()).total_spend,
        denied: await code(guarded('https://other.example/')),
        private: await code(guardFetch(inner, document({ network: { allowHosts: ['*'] } }))('http://2130706433/')),
        redirected: await code(guarded('https://shop.example/away')),
        approved: await code(guardFetch(inner, document({ approvals: { tools: ['http'] } }), { approve })('https://shop.example/')),
        asked,
        unseen: await code(guardFetch(inner, document())('https://shop.example/unseen')),
        restored: await pay(restored, 7),
        columns: (await guarded.audit.exportCSV()).split('\r\n', 1)[0].split(',').length,
        sent: url,
    };
}

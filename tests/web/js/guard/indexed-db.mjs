// Records in a page: kept in their order, and there again for whoever opens them next.
export default async function indexedDb({ compile, guardFetch, IndexedDbStorage }) {
    const policy = compile(JSON.stringify({
        agentId: 'buyer', version: '1', identity: { authorityLevel: 'limited-ops', environmentScope: ['development'] }, network: { allowHosts: ['h.example'] },
    }));
    const name = `records-${crypto.randomUUID()}`;
    const guarded = guardFetch(async () => new Response('ok'), policy, { audit: { storage: new IndexedDbStorage({ name }), required: true } });
    await Promise.all(Array.from({ length: 20 }, (_, index) => guarded(`https://h.example/${index}?secret=x`)));
    await guarded('https://other.example/').catch(() => {});
    await guarded.close();
    const closed = await guarded.audit.query().catch((error) => error.message);
    const again = new IndexedDbStorage({ name });
    const rows = await again.query({ order: 'asc' });
    await again.destroy();
    return {
        paths: rows.filter((row) => row.outcome === 'executed').map((row) => row.endpoint).sort().length,
        last: rows.at(-1).code,
        hidden: !JSON.stringify(rows).includes('secret'),
        limited: (await new IndexedDbStorage({ name }).query({ limit: 2, status: ['allowed'] })).length,
        closed,
    };
}

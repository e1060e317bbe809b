// Records apart from any request: storages, questions to them, exports, labels.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { COLUMNS, exportCSV, exportJSON, MemoryStorage, select, summarize, Tee } from '@sentinel/policy';
import { FileStorage } from '@sentinel/policy/node-storage';

import { directory, row, sleep } from './support.mjs';

const lines = (path) => readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line));

test('a memory keeps the newest, in order', async () => {
    const storage = new MemoryStorage(3);
    for (let index = 0; index < 5; index += 1) await storage.write(row({ id: `r${index}` }));
    assert.equal(storage.dropped, 2);
    assert.deepEqual((await storage.query({ order: 'asc' })).map((own) => own.id), ['r2', 'r3', 'r4']);
    assert.deepEqual((await storage.query()).map((own) => own.id), ['r4', 'r3', 'r2']);
});

test('defect 5: destroy() writes what is left', async () => {
    const path = join(directory(), 'deep/er/audit.jsonl');
    const storage = new FileStorage(path, { batch: 100 });
    for (let index = 0; index < 7; index += 1) await storage.write(row({ id: `r${index}` }));
    assert.throws(() => statSync(path), 'nothing was full');
    await storage.destroy();
    assert.deepEqual(lines(path).map((own) => own.id), ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await assert.rejects(storage.write(row()), /the storage is over/);
});

test('records wait no longer than the interval', async () => {
    const path = join(directory(), 'audit.jsonl');
    const storage = new FileStorage(path, { batch: 100, flushIntervalMs: 20 });
    await storage.write(row({ id: 'alone' }));
    // The file is there before the line is.
    const isWritten = () => statSync(path, { throwIfNoEntry: false }) && readFileSync(path, 'utf8').endsWith('\n');
    for (let tries = 0; tries < 6_000 && !isWritten(); tries += 1) await sleep(10);
    assert.deepEqual(lines(path).map((own) => own.id), ['alone']);
    await storage.destroy();
});

test('30,000 records with flushes in between keep their order, each once', async () => {
    const path = join(directory(), 'audit.jsonl');
    const storage = new FileStorage(path, { batch: 64 });
    const flushes = [];
    const work = [];
    for (let index = 0; index < 30_000; index += 1) {
        work.push(storage.write(row({ id: String(index), created_at: 1_760_000_000_000 + index })));
        if (index % 997 === 0) flushes.push(storage.flush());
    }
    await Promise.all([...work, ...flushes]);
    await storage.flush();
    const written = lines(path);
    assert.equal(written.length, 30_000);
    written.forEach((own, index) => assert.equal(own.id, String(index)));
    const found = await storage.query({ minAmount: '0.50', offset: 10, limit: 2 });
    assert.deepEqual(found.map((own) => own.id), ['29989', '29988']);
    assert.equal(summarize(await storage.query()).total_spend, '15000.000000');
    await storage.destroy();
});

test('flush means on the disk, also for what another flush is writing', async () => {
    const path = join(directory(), 'audit.jsonl');
    const storage = new FileStorage(path, { batch: 1_000 });
    for (let round = 0; round < 20; round += 1) {
        await storage.write(row({ id: `a${round}` }));
        const first = storage.flush();
        await storage.write(row({ id: `b${round}` }));
        await storage.flush();
        assert.equal(lines(path).length, 2 * round + 2);
        await first;
    }
    await storage.destroy();
});

test('a torn last line is passed over, and does not swallow the next', async () => {
    const path = join(directory(), 'audit.jsonl');
    writeFileSync(path, `${JSON.stringify(row({ id: 'whole' }))}\n{"id":"torn","amou`);
    const storage = new FileStorage(path, 1);
    await storage.write(row({ id: 'next' }));
    const found = await storage.query({ order: 'asc' });
    assert.deepEqual(found.map((own) => own.id), ['whole', 'next']);
    assert.equal(storage.damaged, 1);
    appendFileSync(path, 'null\n{}\n[1]\n');
    assert.equal((await storage.query()).length, 2);
    assert.equal(storage.damaged, 4);
    await storage.destroy();
});

test('what cannot be written waits, is said, and is written later', async () => {
    const { mkdirSync, rmdirSync } = await import('node:fs');
    const path = join(directory(), 'audit.jsonl');
    mkdirSync(path);
    const storage = new FileStorage(path, { batch: 1 });
    await assert.rejects(storage.write(row({ id: 'first' })), /EISDIR/);
    assert.throws(() => storage.check(), /cannot be written/);
    assert.match(String(storage.failure), /EISDIR/);
    rmdirSync(path);
    await storage.write(row({ id: 'second' }));
    storage.check();
    assert.deepEqual(lines(path).map((own) => own.id), ['first', 'second']);
    await storage.destroy();
});

test('lines hold no line ends of any reader', async () => {
    const path = join(directory(), 'audit.jsonl');
    const storage = new FileStorage(path, 1);
    await storage.write(row({ endpoint: 'https://x/\u2028\n\u2029', id: 'one' }));
    assert.doesNotMatch(readFileSync(path, 'utf8').trimEnd(), /[\n\u2028\u2029]/);
    assert.equal((await storage.query())[0].endpoint, 'https://x/\u2028\n\u2029');
    await storage.destroy();
});

test('questions', async () => {
    const rows = [
        row({ id: 'a', team: 'red', amount: '0.000000', endpoint: 'https://b.example/1', created_at: 10, tags: ['x'] }),
        row({ id: 'b', team: 'red', amount: '2.000000', endpoint: 'https://a.example/2', created_at: 20, tags: ['x', 'y'], policy_evaluation: 'blocked', outcome: 'blocked' }),
        row({ id: 'c', agent_id: 'other', amount: '10.000000', endpoint: 'https://c.example/3', created_at: 30 }),
    ];
    for (const [query, expected] of [
        [{}, 'cba'],
        [{ order: 'asc' }, 'abc'],
        [{ agentId: 'other' }, 'c'],
        [{ team: 'red' }, 'ba'],
        [{ endpoint: 'a.example' }, 'b'],
        [{ minAmount: '2' }, 'cb'],
        [{ maxAmount: '2.000000' }, 'ba'],
        [{ startTime: 20 }, 'cb'],
        [{ endTime: 20 }, 'a'],
        [{ status: ['blocked'] }, 'b'],
        [{ tags: ['y', 'z'] }, 'b'],
        [{ tags: [] }, ''],
        [{ limit: 1 }, 'c'],
        [{ limit: 0 }, ''],
        [{ offset: 1, limit: 5 }, 'ba'],
        [{ orderBy: 'amount', order: 'desc' }, 'cba'],
        [{ orderBy: 'amount', order: 'asc' }, 'abc'],
        [{ orderBy: 'endpoint', order: 'asc' }, 'bac'],
    ]) {
        assert.equal(select(rows, query).map((own) => own.id).join(''), expected, JSON.stringify(query));
        const storage = new MemoryStorage();
        for (const own of rows) await storage.write(own);
        assert.equal((await storage.query(query)).map((own) => own.id).join(''), expected);
    }
    for (const bad of ['.', '+1', '0x10', '1.-5', '-1', '1e3', '', '1.2345678']) {
        assert.throws(() => select(rows, { minAmount: bad }), /minAmount/, bad);
    }
});

test('sums count what was spent, each payment once', () => {
    const told = summarize([
        row({ team: 'red' }),
        row({ team: '__proto__', amount: '1.500000' }),
        row({ amount: '9.000000', outcome: 'blocked', policy_evaluation: 'blocked' }),
        row({ amount: '0.000000', outcome: 'not-executed' }),
        row({ amount: '0.100001', outcome: 'failed' }),
    ]);
    assert.deepEqual({ ...told, by_team: { ...told.by_team } , by_agent: { ...told.by_agent }, by_endpoint: { ...told.by_endpoint } }, {
        total_spend: '2.100001', total_payments: 3, total_transactions: 5, unique_endpoints: 1, unique_agents: 1,
        avg_payment: '0.700000', max_payment: '1.500000',
        by_agent: { buyer: { spend: '2.100001', count: 5 } },
        by_endpoint: { 'https://api.example/x': { spend: '2.100001', count: 5 } },
        by_team: Object.fromEntries([['red', { spend: '0.500000', count: 1 }], ['__proto__', { spend: '1.500000', count: 1 }], ['(none)', { spend: '0.100001', count: 3 }]]),
        violations: 1,
        period: { start: 1_760_000_000_000, end: 1_760_000_000_000 },
    });
    assert.equal(summarize([]).avg_payment, '0.000000');
});

test('a table has the columns of x402 Sentinel, and lines that end in CR LF', () => {
    const theirs = 'id,agent_id,team,human_sponsor,amount,amount_raw,asset,network,scheme,tx_hash,payer_address,payee_address,facilitator,endpoint,method,status_code,response_time_ms,policy_id,policy_evaluation,budget_remaining,task_id,session_id,created_at,settled_at';
    assert.equal(COLUMNS.join(','), theirs);
    assert.equal(exportCSV([]), `${theirs}\r\n`);
    const [, line] = exportCSV([row({ id: 'one', team: 'a,"b"', settled_at: 1_760_000_000_005 })]).split('\r\n');
    assert.equal(line, `one,buyer,"a,""b""",,0.500000,500000,0x036cbd53842c5426634e7929541ec2318f3dcf7e,eip155:84532,exact,,0xa,0x209693bc6afc0c5328ba36faf03c514ef312287c,,https://api.example/x,GET,200,5,,allowed,,,,2025-10-09T08:53:20.000Z,2025-10-09T08:53:20.005Z`);
});

test('a text in a table is never a formula', () => {
    const cell = (team) => {
        const [, line] = exportCSV([row({ id: 'i', team })]).split(/\r\n/);
        return line.slice('i,buyer,'.length).split(/,(?=,0\.500000)/)[0];
    };
    for (const start of ['=', '+', '-', '@', '＝', '＋', '－', '＠']) assert.equal(cell(`${start}1`), `'${start}1`);
    for (const [text, shown] of [['\t=1', "'\\u0009=1"], ['\r=1', "'\\u000d=1"], ['\n=1', "'\\u000a=1"], ['\ufeff=1', '\\ufeff=1'], ['\u202e=1', '\\u202e=1'], ['a\u001b[2J', 'a\\u001b[2J'], ['a=b', 'a=b'], [' =1', ' =1'], ['-5', "'-5"]]) {
        assert.equal(cell(text), shown);
    }
    // A number that is none is a text.
    assert.match(exportCSV([row({ amount: '=1' })]), /,'=1,500000,/);
    assert.equal(JSON.parse(exportJSON([row({ team: '=1\u001b' })]))[0].team, '=1\u001b');
    assert.match(exportJSON([row()]), /\n {4}"id": /);
});

test('several storages are one', async () => {
    const path = join(directory(), 'audit.jsonl');
    const [memory, file] = [new MemoryStorage(), new FileStorage(path)];
    const tee = new Tee(memory, file);
    await tee.write(row({ id: 'both' }));
    await tee.flush();
    assert.equal((await tee.query())[0].id, 'both');
    await tee.destroy();
    assert.equal(lines(path)[0].id, 'both');
    await assert.rejects(tee.write(row()), /over/);
});

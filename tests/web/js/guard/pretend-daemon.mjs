// The routes of the daemon that a guard uses, held to what docs/api.md says of them. What is decided is told by
// the test; the real daemon is another suite's.
import { serve } from './support.mjs';

export const TOKEN = 'sk-evaluate';

export async function pretendDaemon() {
    const own = {
        evaluated: [], bodies: [], reports: [], takes: () => null, records: new Map(), batches: [], approvals: new Map(), down: 0, refuses: () => null,
        verdict: () => ({ decision: 'allow', permitted: true, code: 'host-allowed' }),
    };
    const depthOf = (text) => {
        let [depth, most] = [0, 0];
        for (const [mark] of text.replace(/"(?:[^"\\]|\\.)*"/g, '').matchAll(/[[\]{}]/g)) {
            depth += mark === '[' || mark === '{' ? 1 : -1;
            most = Math.max(most, depth);
        }
        return most;
    };
    const keyed = new Map();
    const problem = (response, status, code) => response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ status, code, decision: 'deny', permitted: false }));
    const json = (response, body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const routes = {
        'POST /v1/evaluate'(request, response) {
            const call = JSON.parse(request.bytes);
            const key = request.headers['idempotency-key'];
            if (typeof key !== 'string') return problem(response, 400, 'bad-request');
            const first = keyed.get(key);
            if (first !== undefined) return json(response, { ...first, replayed: true });
            own.evaluated.push(call);
            own.bodies.push(request.bytes.toString());
            const said = own.verdict(call, own.evaluated.length, request.bytes.toString());
            const { authority, path } = call.http ?? call.toolInput;
            const verdict = {
                reason: 'because.', layer: 'network', mode: 'enforce', rule: null, enforced: true, riskPoints: 3, agentId: call.agentId, toolName: call.toolName,
                http: { authority, path }, policyDigest: 'sha256:00', verdictId: `main-${own.evaluated.length}`, ...said,
            };
            keyed.set(key, verdict);
            json(response, verdict);
        },
        'POST /v1/audit'(request, response) {
            const report = JSON.parse(request.bytes);
            const known = ['agentId', 'toolName', 'toolOutput', 'verdictId', 'outcome', 'cost', 'durationMs', 'error'];
            const isGood = Object.keys(report).every((name) => known.includes(name)) && ['executed', 'failed', 'not-executed'].includes(report.outcome) && Number.isInteger(report.durationMs);
            // Half a character is no JSON to the daemon.
            if (!isGood || /\\ud[89ab]/.test(request.bytes)) return problem(response, 400, 'bad-request');
            const status = own.takes(report);
            if (status !== null) return problem(response, status, 'not-found');
            own.reports.push(report);
            json(response, { recorded: true, entryId: 'main-9', ledger: { index: 9 }, hold: null });
        },
        'POST /v1/records'(request, response) {
            if (request.bytes.length > 4 << 20) return problem(response, 413, 'body-too-large');
            if (depthOf(request.bytes.toString()) > 128) return problem(response, 400, 'too-deep');
            const { point, records, ...more } = JSON.parse(request.bytes);
            if (Object.keys(more).length > 0 || !/^[A-Za-z0-9._/-]{1,128}$/.test(point) || records.length > 256) return problem(response, 400, 'bad-request');
            own.batches.push(records.length);
            const [verdictIds, errors] = [[], []];
            records.forEach((record, index) => {
                const fields = Object.keys(record).sort().join();
                const isGood = fields === 'call,code,decidedAt,decision,id,policyDigest' && /^[a-z0-9-]{1,64}$/.test(record.code) && /^sha256:[0-9a-f]{64}$/.test(record.policyDigest);
                const why = isGood ? own.refuses(record) : 'bad-request';
                if (why !== null) {
                    verdictIds.push(null);
                    errors.push({ index, code: why, detail: `field ${fields}` });
                    return;
                }
                own.records.set(record.id, record);
                verdictIds.push(`main-${record.id}`);
            });
            json(response, { recorded: records.length - errors.length, repeated: 0, differing: 0, verdictIds, errors });
        },
    };
    const server = await serve((request, response) => {
        if (own.down > 0) {
            own.down -= 1;
            return request.socket.destroy();
        }
        if (request.headers.authorization !== `Bearer ${TOKEN}`) return problem(response, 401, 'no-credentials');
        const approval = /^\/v1\/approvals\/([^?]+)\?wait=([0-9]+)s$/.exec(request.url);
        if (request.method === 'GET' && approval !== null) {
            const status = own.approvals.get(approval[1])?.();
            return status === undefined ? problem(response, 404, 'not-found') : json(response, { id: approval[1], status });
        }
        const route = routes[`${request.method} ${request.url}`];
        return route === undefined ? problem(response, 404, 'not-found') : route(request, response);
    });
    return Object.assign(own, { url: server.url, close: server.close });
}

// The first TypeScript SDK as a client: lists the tools at a URL, calls those that are named, and tells
// what came of each. `NAME@ARGUMENTS` also counts how often progress came, and `NAME@ARGUMENTS@URL` asks
// for the URL at the first.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, ...calls] = process.argv.slice(2);
const client = new Client({ name: 'v1', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const { tools } = await client.listTools();
const told = { tools: tools.map(({ name }) => name), session: client.transport.sessionId !== undefined, calls: [] };
for (const call of calls) {
    const [name, json, heard] = call.split('@');
    let progress = 0;
    const count = () => {
        progress += 1;
        if (progress === 1 && heard) fetch(heard).then((answer) => answer.text());
    };
    const onprogress = json === undefined ? undefined : count;
    const args = json ? JSON.parse(json) : { message: 'hi' };
    try {
        const result = await client.callTool({ name, arguments: args }, undefined, { onprogress });
        told.calls.push({ name, result, progress });
    } catch (error) {
        told.calls.push({ name, thrown: `${error}` });
    }
}
await client.close();
console.log(JSON.stringify(told));

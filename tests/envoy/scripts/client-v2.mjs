// The second TypeScript SDK as a client: lists the tools at a URL in a revision or with `legacy`
// sessions, calls those that are named, and tells what came of each.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url, revision, ...calls] = process.argv.slice(2);
const mode = revision === 'legacy' ? 'legacy' : { pin: revision };
const client = new Client({ name: 'v2', version: '1.0.0' }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
const { tools } = await client.listTools();
const told = { tools: tools.map(({ name }) => name), calls: [] };
for (const name of calls) {
    try {
        const result = await client.callTool({ name, arguments: { message: 'hi' } });
        told.calls.push({ name, result });
    } catch (error) {
        told.calls.push({ name, thrown: `${error}` });
    }
}
await client.close();
console.log(JSON.stringify(told));

// An MCP server on the first TypeScript SDK and its own express app, without sessions. It remembers
// which tools ran; GET /ran tells and forgets. With the argument `slow` it has a tool that tells of its
// progress, and goes on when somebody has read that and asks for /go.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const ran = [];
let go = () => {};
const app = createMcpExpressApp({ allowedHosts: ['127.0.0.1', 'tools.example'] });

app.get('/ran', (_, response) => {
    response.json(ran.splice(0));
});

app.get('/go', (_, response) => {
    go();
    response.end();
});

app.post('/mcp', async (request, response) => {
    const server = new McpServer({ name: 'tools', version: '1.0.0' });
    for (const name of ['echo', 'rm', 'read_page']) {
        const inputSchema = { message: z.string().optional() };
        server.registerTool(name, { description: `runs ${name}`, inputSchema }, async ({ message }) => {
            ran.push(name);
            return { content: [{ type: 'text', text: `${name} ran: ${message ?? ''}` }] };
        });
    }
    if (process.argv.includes('slow')) {
        const slow = { description: 'waits until its progress was read', inputSchema: {} };
        server.registerTool('slow', slow, async (_, { sendNotification, _meta: { progressToken } }) => {
            const gone = new Promise((resolve) => (go = resolve));
            await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
            await gone;
            return { content: [{ type: 'text', text: 'it was read' }] };
        });
    }
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    response.on('close', () => transport.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
});

// What cannot be read is no news.
app.use((error, _request, response, _next) => {
    response.status(error.status ?? 500).json({ error: error.type });
});

app.listen(0, '127.0.0.1', function () {
    console.log(this.address().port);
});

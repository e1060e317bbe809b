// An MCP server on the second TypeScript SDK, of every revision. It remembers which tools ran; GET
// /ran tells and forgets.
import { createServer } from 'node:http';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { z } from 'zod';

const ran = [];
const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'tools', version: '1.0.0' });
    for (const name of ['echo', 'rm', 'read_page']) {
        const inputSchema = z.object({ message: z.string().optional() });
        server.registerTool(name, { description: `runs ${name}`, inputSchema }, async ({ message }) => {
            ran.push(name);
            return { content: [{ type: 'text', text: `${name} ran: ${message ?? ''}` }] };
        });
    }
    return server;
});
const mcp = toNodeHandler(handler);

createServer((request, response) => {
    if (request.url === '/ran') {
        response.end(JSON.stringify(ran.splice(0)));
    } else {
        mcp(request, response);
    }
}).listen(0, '127.0.0.1', function () {
    console.log(this.address().port);
});

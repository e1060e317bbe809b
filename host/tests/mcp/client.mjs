// A client with the official TypeScript SDK: does what the lines of its last argument say, and prints
// one line of JSON for each.
//
//   node client.mjs TOOLS stdio '[COMMAND, ARG…]' '[STEP…]'
//   node client.mjs TOOLS http URL '[STEP…]'

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [tools, kind, where, steps] = process.argv.slice(2);
const require = createRequire(tools + "/");
const load = (name) => import(pathToFileURL(require.resolve("@modelcontextprotocol/sdk/" + name)).href);
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");

let transport;
if (kind === "stdio") {
  const [command, ...args] = JSON.parse(where);
  transport = new StdioClientTransport({ command, args, env: process.env, stderr: "inherit" });
} else {
  transport = new StreamableHTTPClientTransport(new URL(where));
}
const client = new Client({ name: "test", version: "1" });
const notes = [];
client.fallbackNotificationHandler = async (note) => void notes.push(note.method);
await client.connect(transport);
for (const step of JSON.parse(steps)) {
  const said = await act(step).catch((error) => ({ error: error.message, code: error.code }));
  console.log(JSON.stringify(said));
}
await client.close();

async function act(step) {
  if (step.list) {
    return { tools: (await client.listTools()).tools.map((tool) => tool.name) };
  }
  if (step.call) {
    const options = step.progress ? { onprogress: () => notes.push("progress") } : {};
    const result = await client.callTool({ name: step.call, arguments: step.arguments }, undefined, options);
    return { isError: result.isError ?? false, text: result.content.map((part) => part.text).join("\n"), notes: notes.splice(0) };
  }
  if (step.ping) {
    return await client.ping();
  }
  throw new Error("no such step");
}

"""A client with the official Python SDK: does what the steps of its last argument say, and prints one line
of JSON for each.

    python client.py stdio '[COMMAND, ARG...]' '[STEP...]'
    python client.py http URL '[STEP...]'
"""

import asyncio
import json
import os
import sys

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


async def act(client, step):
    if step.get("list"):
        return {"tools": [tool.name for tool in (await client.list_tools()).tools]}
    result = await client.call_tool(step["call"], step.get("arguments", {}))
    text = "\n".join(getattr(part, "text", "") for part in result.content)
    return {"isError": bool(result.is_error), "text": text}


async def main(kind, where, steps):
    if kind == "stdio":
        command, *args = json.loads(where)
        where = stdio_client(StdioServerParameters(command=command, args=args, env=dict(os.environ)))
    async with Client(where) as client:
        for step in json.loads(steps):
            try:
                said = await act(client, step)
            except Exception as error:
                said = {"error": str(error)}
            print(json.dumps(said), flush=True)


asyncio.run(main(*sys.argv[1:]))

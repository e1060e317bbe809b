"""The Python SDK as a client: lists the tools at a URL in a revision or with `legacy` sessions, calls
those that are named, and tells what came of each."""

import asyncio
import json
import sys

from mcp.client import Client


async def main(url: str, mode: str, calls: list[str]) -> None:
    async with Client(url, mode=mode) as client:
        tools = await client.list_tools()
        told = {"tools": [tool.name for tool in tools.tools], "calls": []}
        for name in calls:
            try:
                result = await client.call_tool(name, {"message": "hi"})
                dump = result.model_dump(mode="json", by_alias=True, exclude_none=True)
                told["calls"].append({"name": name, "result": dump})
            except Exception as error:
                told["calls"].append({"name": name, "thrown": repr(error)})
    print(json.dumps(told))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

"""A server on the official Python SDK. It writes down which of its tools ran, one on each line.

    python server.py FILE stdio
    python server.py FILE http PORT
"""

import sys

from mcp.server.mcpserver import MCPServer

FILE, KIND, *PORT = sys.argv[1:]
server = MCPServer("tools")


def ran(name, message):
    with open(FILE, "a") as file:
        file.write(f"{name}\n")
    return f"{name} ran: {message}"


@server.tool()
def echo(message: str) -> str:
    return ran("echo", message)


@server.tool()
def rm(message: str) -> str:
    return ran("rm", message)


if KIND == "stdio":
    server.run("stdio")
else:
    server.run("streamable-http", host="127.0.0.1", port=int(PORT[0]))

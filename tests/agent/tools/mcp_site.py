"""A real MCP server with a few tools: over HTTP within the test, or over stdio with `python mcp_site.py`."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Site:
    """An MCP server.

    Attributes:
        url: Its URL.
        tokens: The Authorization header of each request.
        release: Event for which `slow` waits.
        mcp: The MCP library's server.
    """

    def __init__(self) -> None:
        self.url = ""
        self.tokens: list[str] = []
        self.release = asyncio.Event()
        self.mcp = MCPServer("shop")
        self.mcp.tool()(self.stock)
        self.mcp.tool()(self.broken)
        self.mcp.tool()(self.slow)
        self.mcp.tool(name="shop.long/name")(self.long)
        self._app: Any = None

    async def stock(self, article: str) -> str:
        """Tell how many of an article are there."""
        return f"There are three of {article}."

    async def broken(self) -> str:
        """Fail."""
        message = "The warehouse is closed."
        raise ToolError(message)

    async def slow(self) -> str:
        """Take a long time."""
        await self.release.wait()
        return "a lighthouse"

    async def long(self) -> str:
        """Tell more than anybody reads."""
        return "x" * 100_000

    async def serve(self, scope: Any, receive: Any, send: Any) -> None:
        """Record the token of a request, and serve it."""
        if scope["type"] == "http":
            self.tokens.append(dict(scope["headers"]).get(b"authorization", b"").decode())
        self._app = self._app or self.mcp.streamable_http_app()
        await self._app(scope, receive, send)


@asynccontextmanager
async def mcp_site() -> AsyncIterator[Site]:
    """Run a server on loopback."""
    made = Site()
    server = uvicorn.Server(uvicorn.Config(made.serve, host="127.0.0.1", port=0, log_config=None, interface="asgi3"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    made.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    try:
        yield made
    finally:
        server.should_exit = server.force_exit = True
        await serving


if __name__ == "__main__":
    asyncio.run(Site().mcp.run_stdio_async())

"""The MCP servers of a persona, reached with the framework's own client. The call does not wait for them."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from livekit.agents import ToolError, function_tool
from livekit.agents.llm import RawFunctionTool, Tool
from livekit.agents.llm.mcp import MCPServer, MCPServerHTTP, MCPServerStdio, MCPToolResultContext

from agent.settings.references import dereferenced
from agent.tools.mcp_model import McpServer

logger = logging.getLogger("agent")

# Seconds to close the connection to a server; the client gives a started process as much.
_CLOSE_TIMEOUT = 4.0

# Most characters of a result that the language model reads.
_LONGEST_RESULT = 8_000

# Characters that language models don't accept in a tool's name, and its longest length; servers may use more.
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 64

OnTools = Callable[[Sequence[Tool]], Awaitable[None]]


class McpServers:
    """Connects to servers in the background, each with its own timeout.

    A server that hangs, refuses or is away is logged; its tools are missing, and the call goes on.

    Args:
        servers: The persona's servers.
        folder: The working directory of commands.
        on_tools: Called with the tools of a server when they are known.
        on_problem: Called with a sentence about a server that can't be used.
    """

    def __init__(
        self,
        servers: Sequence[McpServer],
        folder: Path | None,
        on_tools: OnTools,
        on_problem: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._on_tools = on_tools
        self._on_problem = on_problem
        self._clients = [(server, _client(server, folder)) for server in servers]
        self._connecting = [
            asyncio.create_task(self._connect(server, client), name=f"mcp_{server.name}")
            for server, client in self._clients
        ]

    async def aclose(self) -> None:
        """Close all connections, including those still being opened."""
        for task in self._connecting:
            task.cancel()
        closing = [asyncio.create_task(client.aclose()) for _, client in self._clients]
        tasks = [*self._connecting, *closing]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=_CLOSE_TIMEOUT)
        for task in late:
            task.cancel()
        await asyncio.gather(*(task for task in tasks if task not in late), return_exceptions=True)

    async def _connect(self, server: McpServer, client: MCPServer) -> None:
        try:
            async with asyncio.timeout(server.connect_timeout):
                await client.initialize()
                offered = await client.list_tools()
        except Exception as error:  # noqa: BLE001 - the call goes on after any failure
            extra = {"server": server.name, "error": type(error).__name__}
            logger.warning("an MCP server can't be used, its tools are left out", extra=extra)
            self._on_problem(f"the tools of the MCP server {server.name} are missing: {type(error).__name__}")
            return
        tools = [_bounded(server, tool) for tool in offered if server.tools is None or tool.info.name in server.tools]
        logger.info("connected to an MCP server", extra={"server": server.name, "tools": len(tools)})
        await self._on_tools(tools)


def _client(server: McpServer, folder: Path | None) -> MCPServer:
    if server.url is not None:
        return MCPServerHTTP(
            server.url,
            transport_type=server.transport,
            headers={name: dereferenced(value) for name, value in server.headers.items()},
            timeout=server.connect_timeout,
            client_session_timeout_seconds=server.timeout,
            tool_result_resolver=_text_of,
        )
    return MCPServerStdio(
        server.command[0],
        [*server.command[1:]],
        env={name: dereferenced(value) for name, value in server.env.items()},
        cwd=folder,
        client_session_timeout_seconds=server.timeout,
        tool_result_resolver=_text_of,
    )


def _bounded(server: McpServer, tool: RawFunctionTool[..., Any]) -> RawFunctionTool[..., Any]:
    """Give a tool a name that language models accept, and turn every failure into a ToolError."""

    async def call(raw_arguments: dict[str, Any]) -> Any:
        try:
            return await tool(raw_arguments=raw_arguments)
        except ToolError as error:
            raise ToolError(error.message[:_LONGEST_RESULT]) from None
        except Exception as error:  # noqa: BLE001 - the client's libraries have no common error
            extra = {"server": server.name, "tool": tool.info.name, "error": type(error).__name__}
            logger.warning("a tool of an MCP server failed", extra=extra)
            message = "The service behind this tool did not answer."
            raise ToolError(message) from None

    name = _NO_NAME.sub("_", tool.info.name)[:_LONGEST_NAME]
    return function_tool(call, raw_schema={**tool.info.raw_schema, "name": name})


def _text_of(context: MCPToolResultContext) -> str:
    """Return the text of a result for the language model: its texts, and the names of other kinds of content."""
    parts = [getattr(part, "text", f"[{part.type}]") for part in context.result.content]
    text = "\n".join(parts) or json.dumps(context.result.structured_content, ensure_ascii=False)
    return text if len(text) <= _LONGEST_RESULT else f"{text[:_LONGEST_RESULT]} … (cut)"

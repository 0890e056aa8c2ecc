"""MCP servers: their tools are added once they are connected, and the call never waits."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import ToolError

from agent.tools.mcp_model import McpServer
from agent.tools.mcp_servers import McpServers
from agent.tools.persona_tools import name_of
from tests.agent.knowledge.servers import site
from tests.agent.tools.mcp_site import mcp_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livekit.agents.llm import Tool

PROGRAM = Path(__file__).with_name("mcp_site.py")
ALL = ["stock", "broken", "slow", "shop_long_name"]


class Kept:
    """The tools of connected servers.

    Attributes:
        tools: Tools by name.
    """

    def __init__(self) -> None:
        self.tools: dict[str, Any] = {}
        self._came = asyncio.Event()

    async def take(self, tools: Sequence[Tool]) -> None:
        """Add the tools of a server."""
        self.tools |= {name_of(tool): tool for tool in tools}
        self._came.set()

    async def came(self) -> None:
        """Wait until tools were added."""
        async with asyncio.timeout(20):
            await self._came.wait()


async def test_a_servers_tools_are_added_when_it_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP requests have a secret from the environment; names are such as language models accept."""
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    async with mcp_site() as made:
        kept = Kept()
        servers = McpServers(
            [McpServer(name="shop", url=made.url, headers={"Authorization": "Bearer $SHOP_TOKEN"})], None, kept.take
        )
        await kept.came()
        answer = await kept.tools["stock"](raw_arguments={"article": "lamps"})
        long = await kept.tools["shop_long_name"](raw_arguments={})
        with pytest.raises(ToolError, match="The warehouse is closed"):
            await kept.tools["broken"](raw_arguments={})
        await servers.aclose()

    assert list(kept.tools) == ALL
    assert answer == "There are three of lamps."
    assert long.endswith(" … (cut)")
    assert len(long) < 10_000
    assert set(made.tokens) == {"Bearer s3cret"}


async def test_a_server_is_started_by_its_command(tmp_path: Path) -> None:
    """It runs in the persona's folder, and only the wanted tools are added."""
    (tmp_path / "server.py").symlink_to(PROGRAM)
    kept = Kept()
    server = McpServer(
        name="shop", command=(sys.executable, "server.py"), env={"PYTHONPATH": ""}, tools=("stock",), connect_timeout=30
    )
    servers = McpServers([server], tmp_path, kept.take)
    await kept.came()
    answer = await kept.tools["stock"](raw_arguments={"article": "lamps"})
    await servers.aclose()

    assert list(kept.tools) == ["stock"]
    assert answer == "There are three of lamps."


async def test_a_server_that_hangs_or_is_down_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Each is logged and named in the report; the other servers' tools are added meanwhile."""
    async with mcp_site() as good, site() as hanging, site() as gone:
        hanging.hold = asyncio.Event()
        down = f"{gone.url}/mcp"
        kept, problems = Kept(), list[str]()
        servers = McpServers(
            [
                McpServer(name="hanging", url=f"{hanging.url}/mcp", connect_timeout=0.5),
                McpServer(name="down", url=down, connect_timeout=5.0),
                McpServer(name="missing", command=("no-such-program",)),
                McpServer(name="good", url=good.url),
            ],
            None,
            kept.take,
            problems.append,
        )
        async with asyncio.timeout(20):
            await asyncio.gather(*servers._connecting)
        await servers.aclose()

    assert list(kept.tools) == ALL
    assert len(problems) == 3
    assert "the tools of the MCP server hanging are missing: TimeoutError" in problems
    left_out = [each for each in caplog.records if each.message.startswith("an MCP server can't be used")]
    assert sorted(each.__dict__["server"] for each in left_out) == ["down", "hanging", "missing"]


async def test_a_dead_server_gives_an_error_that_the_model_can_explain() -> None:
    """The end of the call is not affected."""
    async with mcp_site() as made:
        kept = Kept()
        servers = McpServers([McpServer(name="shop", url=made.url, timeout=2.0)], None, kept.take)
        await kept.came()
    with pytest.raises(ToolError):
        await kept.tools["stock"](raw_arguments={"article": "lamps"})
    await servers.aclose()


async def test_the_end_of_a_call_does_not_wait_for_a_server_that_hangs() -> None:
    """Pending connections are given up."""
    async with site() as hanging:
        hanging.hold = asyncio.Event()
        kept = Kept()
        servers = McpServers([McpServer(name="hanging", url=f"{hanging.url}/mcp", connect_timeout=60)], None, kept.take)
        async with asyncio.timeout(20):
            while not hanging.asked:  # noqa: ASYNC110 - the server has no event
                await asyncio.sleep(0.01)
            await servers.aclose()

    assert all(task.done() for task in servers._connecting)
    assert kept.tools == {}

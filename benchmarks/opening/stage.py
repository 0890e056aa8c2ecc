"""A LiveKit server, stand-ins that take the time that the service takes, and a worker of each plugin."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from livekit import api

from benchmarks.figures import Plugin
from demo.livekit_server import LiveKitServer
from demo.processes import answers, free_port, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

ROOT: Final = Path(__file__).parents[2]

COMMANDS: Final = {
    Plugin.OFFICIAL: ["-m", "benchmarks.opening.official_agent"],
    Plugin.OURS: ["agent.py", "dev", "--no-reload"],
}

START: Final = 60.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where calls are made.

    Attributes:
        server: The LiveKit server.
        page: Of our worker.
    """

    server: LiveKitServer
    page: str

    def token(self, room: str, plugin: Plugin) -> str:
        """Lets a caller into a room, into which it calls an agent."""
        dispatch = api.RoomAgentDispatch(agent_name=plugin.value)
        token = api.AccessToken(self.server.api_key, self.server.api_secret).with_identity("caller")
        token.with_grants(api.VideoGrants(room_join=True, room=room))
        return token.with_room_config(api.RoomConfiguration(agents=[dispatch])).to_jwt()


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Start all of it, on free ports of loopback."""
    async with AsyncExitStack() as stack:
        logs = Path(stack.enter_context(TemporaryDirectory(prefix="bench-opening-")))
        server = await stack.enter_async_context(LiveKitServer(log_dir=logs))
        stand_ins = f"http://127.0.0.1:{await _start_stand_ins(stack, logs)}"
        page_port = free_port()
        environment = _environment(server, stand_ins, logs)
        await asyncio.gather(*(_start_worker(stack, plugin, environment, logs, page_port) for plugin in Plugin))
        yield Stage(server, f"http://127.0.0.1:{page_port}")


async def _start_stand_ins(stack: AsyncExitStack, logs: Path) -> int:
    port = free_port()
    command = [sys.executable, "-m", "simulators", "--port", str(port)]
    child = await stack.enter_async_context(running("stand-ins", command, log=logs / "stand-ins.log", cwd=ROOT))
    await child.wait_until(lambda: answers(f"http://127.0.0.1:{port}"), START)
    return port


async def _start_worker(
    stack: AsyncExitStack, plugin: Plugin, environment: Mapping[str, str], logs: Path, page_port: int
) -> None:
    env = {**environment, "LIVEKIT_AGENT_NAME": plugin.value, "WEB_PORT": str(page_port)}
    command = [sys.executable, *COMMANDS[plugin]]
    child = await stack.enter_async_context(
        running(f"{plugin.value} worker", command, log=logs / f"{plugin.value}.log", env=env, cwd=ROOT)
    )
    await child.wait_until(lambda: child.has_logged("registered worker"), START)


def _environment(server: LiveKitServer, stand_ins: str, logs: Path) -> dict[str, str]:
    return {
        "LIVEKIT_URL": server.url,
        "LIVEKIT_API_KEY": server.api_key,
        "LIVEKIT_API_SECRET": server.api_secret,
        "STAND_INS_URL": stand_ins,
        "STATE_DIR": str(logs / "state"),
        "CALLER_GRACE": "0",
        "DRAIN_TIMEOUT": "1",
        # 360p: what is measured is when the first picture comes, not how long a busy machine takes to draw it.
        "LIVEAVATAR_VIDEO_QUALITY": "low",
        "LIVEKIT_LOG_LEVEL": "INFO",
    }

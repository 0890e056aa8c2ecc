"""A LiveKit server, stand-ins that are as slow as the real service, and a worker of each plugin."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benchmarks.callers import caller_token
from benchmarks.figures import Plugin
from benchmarks.workers import environment
from demo.livekit_server import LiveKitServer
from demo.processes import answers, free_port, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from demo.processes import Child

ROOT: Final = Path(__file__).parents[2]

START: Final = 60.0


@dataclass(frozen=True, slots=True)
class Worker:
    """The way to start a worker: Python's arguments, and the working directory."""

    command: Sequence[str]
    cwd: Path = ROOT


WORKERS: Final = {
    Plugin.OFFICIAL: Worker(["-m", "benchmarks.opening.official_agent"]),
    Plugin.OURS: Worker(["agent.py", "dev", "--no-reload"]),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers for the calls.

    Attributes:
        server: The LiveKit server.
        stand_ins: URL of the stand-ins.
        page: URL of our worker's page.
        pids: The workers' process ids.
    """

    server: LiveKitServer
    stand_ins: str
    page: str
    pids: Mapping[Plugin, int]

    def token(self, room: str, plugin: Plugin) -> str:
        """Return a token that lets a caller into a room, and dispatches an agent to it."""
        return caller_token(self.server, room, plugin)


@asynccontextmanager
async def open_stage(
    workers: Mapping[Plugin, Worker] = WORKERS, *, stand_ins: Sequence[str] = (), video_quality: str = "low"
) -> AsyncIterator[Stage]:
    """Start all servers and workers, on free ports of loopback.

    Args:
        workers: One worker of each plugin.
        stand_ins: Options of `python -m simulators`.
        video_quality: The avatar's. 360p (`low`) if pictures are not measured: a busy machine takes long to draw.
    """
    async with AsyncExitStack() as stack:
        logs = Path(stack.enter_context(TemporaryDirectory(prefix="bench-opening-")))
        server = await stack.enter_async_context(LiveKitServer(log_dir=logs, metrics_port=free_port()))
        url = f"http://127.0.0.1:{await _start_stand_ins(stack, logs, stand_ins)}"
        page_port = free_port()
        settings = {"LIVEAVATAR_VIDEO_QUALITY": video_quality, "WEB_PORT": str(page_port)}
        children = await asyncio.gather(
            *(
                _start_worker(
                    stack, plugin, workers[plugin], environment(server, url, plugin, logs / "state") | settings, logs
                )
                for plugin in Plugin
            )
        )
        pids = {plugin: child.process.pid for plugin, child in zip(Plugin, children, strict=True)}
        yield Stage(server, url, f"http://127.0.0.1:{page_port}", pids)


async def _start_stand_ins(stack: AsyncExitStack, logs: Path, options: Sequence[str]) -> int:
    port = free_port()
    command = [sys.executable, "-m", "simulators", "--port", str(port), *options]
    child = await stack.enter_async_context(running("stand-ins", command, log=logs / "stand-ins.log", cwd=ROOT))
    await child.wait_until(lambda: answers(f"http://127.0.0.1:{port}"), START)
    return port


async def _start_worker(
    stack: AsyncExitStack, plugin: Plugin, worker: Worker, env: Mapping[str, str], logs: Path
) -> Child:
    command = [sys.executable, *worker.command]
    child = await stack.enter_async_context(
        running(f"{plugin.value} worker", command, log=logs / f"{plugin.value}.log", env=env, cwd=worker.cwd)
    )
    await child.wait_until(lambda: child.has_logged("registered worker"), START)
    return child

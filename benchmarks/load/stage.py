"""A LiveKit server, light stand-ins, and several workers."""

from __future__ import annotations

import asyncio
import secrets
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.callers import caller_token
from benchmarks.figures import Plugin
from benchmarks.load.light_stand_ins import QUESTION
from benchmarks.workers import environment
from demo.call.levels import RATE_HZ, trim
from demo.livekit_server import LiveKitServer
from demo.processes import answers, free_port, running
from simulators.speech import Speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from demo.call.levels import Samples
    from demo.processes import Child

ROOT: Final = Path(__file__).parents[2]

COMMANDS: Final[Mapping[Plugin, Sequence[str]]] = {
    # `dev` takes calls beyond the CPU load at which `start` refuses them, so that the knee can be found.
    Plugin.OURS: ["agent.py", "dev", "--no-reload"],
    Plugin.OFFICIAL: ["-m", "benchmarks.ear.official_agent"],
}

# Any free ports.
_PORTS: Final = {"WEB_PORT": "0", "WORKER_PORT": "0"}

# Seconds; several workers that import everything at once take this long on a busy machine.
_START: Final = 240.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers for the calls.

    Attributes:
        server: The LiveKit server.
        stand_ins: URL of the stand-ins.
        logs: Directory of all logs.
    """

    server: LiveKitServer
    stand_ins: str
    logs: Path

    def room(self, plugin: Plugin) -> tuple[str, str]:
        """Return the name of a new room, and a token for a caller who wants an agent of this plugin."""
        name = f"load-{plugin.value}-{secrets.token_hex(4)}"
        return name, caller_token(self.server, name, plugin)

    @asynccontextmanager
    async def serving(
        self, plugin: Plugin, count: int, settings: Mapping[str, str] | None = None
    ) -> AsyncIterator[list[Child]]:
        """Run `count` workers of a plugin, with `settings` in addition to those that all workers have.

        Yields:
            Their processes, each the leader of a session.
        """
        async with AsyncExitStack() as stack:
            started = [await self._start(stack, plugin, settings or {}) for _ in range(count)]
            await asyncio.gather(*(worker.wait_until(is_ready, _START) for worker, is_ready in started))
            yield [worker for worker, _ in started]

    async def _start(
        self, stack: AsyncExitStack, plugin: Plugin, settings: Mapping[str, str]
    ) -> tuple[Child, Callable[[], Awaitable[bool]]]:
        name = f"{plugin.value}-{secrets.token_hex(3)}"
        common = environment(self.server, self.stand_ins, plugin, self.logs / f"state-{name}")
        command = [sys.executable, *COMMANDS[plugin]]
        child = await stack.enter_async_context(
            running(
                name,
                command,
                log=self.logs / f"{name}.log",
                env=common | _PORTS | dict(settings),
                cwd=ROOT,
            )
        )
        return child, partial(child.has_logged, "registered worker")


@asynccontextmanager
async def open_stage(kept: Path | None = None) -> AsyncIterator[Stage]:
    """Start the server and the stand-ins, on free ports of loopback.

    Args:
        kept: Directory for all logs, which stays; None for one that is removed at the end.
    """
    async with AsyncExitStack() as stack:
        logs = kept or Path(stack.enter_context(TemporaryDirectory(prefix="bench-load-")))
        logs.mkdir(parents=True, exist_ok=True)
        server = await stack.enter_async_context(LiveKitServer(log_dir=logs, metrics_port=free_port()))
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.load.light_stand_ins", "--port", str(port)]
        child = await stack.enter_async_context(running("stand-ins", command, log=logs / "stand-ins.log", cwd=ROOT))
        await child.wait_until(lambda: answers(f"http://127.0.0.1:{port}"), _START)
        yield Stage(server, f"http://127.0.0.1:{port}", logs)


async def question() -> Samples:
    """Speak the question that every caller asks."""
    async with Speaker() as speaker:
        speech = await speaker.synthesise(QUESTION, voice="caller", rate_hz=RATE_HZ)
    return trim(np.frombuffer(speech.pcm, np.int16))

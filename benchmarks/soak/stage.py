"""A LiveKit server and the stand-in for LiveAvatar, each a process of its own."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import aiohttp
from livekit import api

from demo.livekit_server import LiveKitServer
from demo.processes import answers, free_port, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

_ROOT = Path(__file__).parents[2]
_START_TIMEOUT = 40.0
_END_TIMEOUT = 5.0
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers for the calls.

    Attributes:
        livekit: The LiveKit server.
        stand_ins: URL of the stand-in's server.
    """

    livekit: LiveKitServer
    stand_ins: str

    @property
    def service(self) -> str:
        """URL of the stand-in for LiveAvatar."""
        return f"{self.stand_ins}/liveavatar"

    def token(self, room: str, identity: str) -> str:
        """Mint a token for a room."""
        grants = api.VideoGrants(room_join=True, room=room)
        token = api.AccessToken(self.livekit.api_key, self.livekit.api_secret)
        return token.with_identity(identity).with_grants(grants).to_jwt()

    async def arm(self, faults: Sequence[dict[str, Any]], *, seed: int) -> None:
        """Arm these faults, in place of earlier ones."""
        body = {"seed": seed, "faults": list(faults)}
        async with aiohttp.ClientSession() as http, http.put(self._faults, json=body) as reply:
            reply.raise_for_status()

    async def count_struck(self) -> int:
        """Count how often the armed faults have struck."""
        async with aiohttp.ClientSession() as http, http.get(self._faults) as reply:
            return sum(armed["struck"] for armed in (await reply.json())["faults"])

    async def open_sessions(self) -> int:
        """Count the billed sessions, except for those that end within a few seconds."""
        count = await self._count_active()
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_TIMEOUT):
                while count:
                    await asyncio.sleep(_POLL)
                    count = await self._count_active()
        return count

    @property
    def _faults(self) -> str:
        return f"{self.stand_ins}/stand-in/faults"

    async def _count_active(self) -> int:
        url, headers = f"{self.service}/v1/sessions?type=active", {"X-API-KEY": "stand-in"}
        async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as reply:
            count: int = (await reply.json())["data"]["count"]
            return count


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Start both servers, and end them afterwards."""
    async with AsyncExitStack() as stack:
        logs = Path(stack.enter_context(TemporaryDirectory(prefix="soak-")))
        livekit = await stack.enter_async_context(LiveKitServer(log_dir=logs))
        port = free_port()
        command = [sys.executable, "-m", "simulators", "--only", "liveavatar", "--port", str(port), "--fast"]
        command += ["--habit", "ready_after=0.1", "--habit", "connected_after=0.1"]
        child = await stack.enter_async_context(running("stand-in", command, log=logs / "stand-in.log", cwd=_ROOT))
        url = f"http://127.0.0.1:{port}"
        await child.wait_until(lambda: answers(url), _START_TIMEOUT)
        yield Stage(livekit, url)

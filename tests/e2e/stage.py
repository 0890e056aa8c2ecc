"""The environment of calls: a LiveKit server, the stand-ins, and workers that the tests start."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
from livekit import api

from agent.rooms.connection_details import ConnectionDetails
from demo.call.turns import TIMES_OF_DAY, Turn
from demo.livekit_server import LiveKitServer
from demo.processes import Child, free_port, running

ROOT = Path(__file__).parents[2]
# Seconds; a worker loads its models first.
START = 200.0

# A tool is called, a story is told, and interrupted.
SHORT_CALL = (
    Turn("what time is it in london", TIMES_OF_DAY),
    Turn("tell me a story", leaves_after=3.0),
    Turn("stop please", barges_in=True),
)


@dataclass(frozen=True)
class Stage:
    """The environment of a call.

    Attributes:
        livekit: The LiveKit server.
        stand_ins: URL of the stand-ins.
        logs: Directory of the processes' logs.
        room_owner: The owner of the rooms.
    """

    livekit: LiveKitServer
    stand_ins: str
    logs: Path
    room_owner: Literal["ours", "liveavatar"] = "ours"
    _tickets: dict[str, ConnectionDetails] = field(default_factory=dict, init=False)
    _doors: list[str] = field(default_factory=list, init=False)

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a worker whose vendors are all stand-ins."""
        return {
            **self._rooms(),
            "STAND_INS_URL": self.stand_ins,
            "STATE_DIR": str(self.logs / "state"),
            "DRAIN_TIMEOUT": "5",
            "CALLER_GRACE": "1",
            # 360p: these tests are about the conversation, and a busy machine delays it.
            "LIVEAVATAR_VIDEO_QUALITY": "low",
        }

    def _rooms(self) -> dict[str, str]:
        """Return the settings of our LiveKit server, or of a web port through which callers join LiveAvatar's rooms."""
        if self.room_owner == "liveavatar":
            return {"ROOM_OWNER": "liveavatar", "WEB_PORT": str(free_port())}
        return {
            "LIVEKIT_URL": self.livekit.url,
            "LIVEKIT_API_KEY": self.livekit.api_key,
            "LIVEKIT_API_SECRET": self.livekit.api_secret,
            "WEB_PORT": "0",  # many workers at once
        }

    @asynccontextmanager
    async def worker(self, settings: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
        """Run a worker that takes calls."""
        command = [sys.executable, "agent.py", "dev", "--no-reload"]
        log = self.logs / f"worker-{len(list(self.logs.iterdir()))}.log"
        env = {**self.environment, **(settings or {})}
        async with running("worker", command, log=log, env=env, cwd=ROOT) as child:
            ready = "registered worker" if self.room_owner == "ours" else "ready for callers"
            await child.wait_until(lambda: child.has_logged(ready), START)
            self._doors.append(f"http://127.0.0.1:{env['WEB_PORT']}")
            yield child

    async def ticket(self, room: str, identity: str = "caller") -> ConnectionDetails:
        """Make connection details for a room, also for a caller who comes back.

        In a room of LiveAvatar's, requested from the worker that was started last, room and identity are those that the
        service gives them.
        """
        if self.room_owner == "ours":
            return ConnectionDetails(self.livekit.url, self.token(room, identity), room, identity, expires_in=3600.0)
        if room not in self._tickets:
            async with aiohttp.ClientSession() as http, http.post(f"{self._doors[-1]}/api/call", json={}) as reply:
                self._tickets[room] = ConnectionDetails(**await reply.json())
        return self._tickets[room]

    def token(self, room: str, identity: str = "caller") -> str:
        """Make a token for a room of ours."""
        grants = api.VideoGrants(room_join=True, room=room)
        token = api.AccessToken(self.livekit.api_key, self.livekit.api_secret)
        return token.with_identity(identity).with_grants(grants).to_jwt()

    async def ended_session(self) -> dict[str, Any]:
        """Wait until the last session has ended, and return the stand-in's record of it."""
        async with asyncio.timeout(20):
            while (session := (await self.sessions())[-1])["state"] != "ended":  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        return session

    async def sessions(self) -> list[dict[str, Any]]:
        """Return the LiveAvatar stand-in's records of its sessions."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.stand_ins}/liveavatar/stand-in/sessions") as reply:
            sessions: list[dict[str, Any]] = (await reply.json())["sessions"]
            return sessions

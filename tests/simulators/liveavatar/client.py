"""A thin client of the stand-in, and its server."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.faults import FaultPlan
from simulators.liveavatar.model import DRAWN_FACE_ID, RATE_HZ, SAMPLE_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import ClientSession, ClientWebSocketResponse

    from tests.simulators.liveavatar.rooms import RecordingRoom

KEY = {"X-API-KEY": "stand-in"}

# A token request that the stand-in accepts, if it does not check room tokens.
LITE = {
    "mode": "LITE",
    "avatar_id": DRAWN_FACE_ID,
    "livekit_config": {
        "livekit_url": "ws://livekit.invalid",
        "livekit_room": "room",
        "livekit_client_token": "accepted",
    },
}

# One period of a square wave of 400 Hz.
BUZZ = b"\x40\x1f" * 30 + b"\xc0\xe0" * 30


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a session token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass(slots=True)
class Answer:
    """A response of the REST API."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        """Return the data of the envelope."""
        return self.body["data"]


@dataclass(slots=True)
class StandIn:
    """A running stand-in, the rooms that its sessions joined, and requests to it."""

    url: str
    http: ClientSession
    rooms: list[RecordingRoom] = field(default_factory=list)
    plan: FaultPlan = field(default_factory=FaultPlan)
    stop_server: Callable[[], Awaitable[None]] | None = None

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Send a GET, with the API key unless other headers are given."""
        async with self.http.get(self.url + path, headers=KEY if headers is None else headers) as response:
            return Answer(response.status, await response.json(), dict(response.headers))

    async def post(self, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a POST, with the API key unless other headers are given; no body when it is None."""
        data = None if body is None else json.dumps(body)
        async with self.http.post(self.url + path, data=data, headers=KEY if headers is None else headers) as response:
            return Answer(response.status, await response.json(), dict(response.headers))

    async def open_sessions(self) -> int:
        """Return how many sessions run and are billed."""
        return int((await self.get("/stand-in/sessions")).body["open_sessions"])

    async def create(self, **changes: object) -> Any:
        """Get a session token, and return the answer's data."""
        return (await self.post("/v1/sessions/token", LITE | changes)).data

    async def start(self, **changes: object) -> Any:
        """Create and start a session, and return the data of both answers."""
        created = await self.create(**changes)
        started = await self.post("/v1/sessions/start", headers=bearer(created["session_token"]))
        assert started.status == 201
        return created | started.data

    async def connect(self, session: Any) -> Wire:
        """Open the session's WebSocket and wait for `connected`."""
        wire = Wire(await self.http.ws_connect(session["ws_url"]))
        await wire.wait_for(state="connected")
        return wire

    async def ended(self, session: Any) -> Any:
        """Return the session as the history shows it, once its avatar has left the last room."""
        await self.rooms[-1].left.wait()
        return (await self.get(f"/v1/sessions/{session['session_id']}")).data

    async def inspect(self) -> Any:
        """Return the last session, as the inspection endpoint shows it."""
        return (await self.get("/stand-in/sessions")).body["sessions"][-1]

    async def inspect_until(self, has_happened: Callable[[Any], bool]) -> Any:
        """Return the last session once the inspection endpoint shows that something has happened."""
        while not has_happened(session := await self.inspect()):  # noqa: ASYNC110 - the endpoint has no event
            await asyncio.sleep(0.01)
        return session

    async def strikes(self) -> None:
        """Wait until the first fault has struck."""
        while not self.plan.armed[0].struck:  # noqa: ASYNC110 - a plan is pure and has no event
            await asyncio.sleep(0.01)


@dataclass(slots=True)
class Wire:
    """The client's end of a session's WebSocket."""

    socket: ClientWebSocketResponse
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, kind: str, event_id: str | None = None, **fields: object) -> None:
        """Send a command."""
        await self.socket.send_json({"type": kind, "event_id": event_id, **fields})

    async def speak(self, seconds: float, event_id: str = "u1") -> None:
        """Send a buzz of this length that has no silent sample."""
        pcm = (BUZZ * round(seconds * 400 + 1))[: round(seconds * RATE_HZ) * SAMPLE_BYTES]
        await self.send("agent.speak", event_id, audio=base64.b64encode(pcm).decode())

    async def wait_for(self, kind: str | None = None, **fields: object) -> dict[str, Any]:
        """Read until a message of this type or with these fields comes."""
        while True:
            message = await self.socket.receive_json()
            self.seen.append(message)
            if kind in (None, message["type"]) and fields.items() <= message.items():
                return dict(message)

    async def wait_for_close(self) -> int | None:
        """Read until the server closes, and return its code."""
        async for message in self.socket:
            self.seen.append(message.json())
        return self.socket.close_code

    def abort(self) -> None:
        """Drop the connection without a close, even with unsent data."""
        connection = self.socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()

    async def close(self) -> None:
        """Close the WebSocket."""
        await self.socket.close()

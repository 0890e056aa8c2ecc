"""The LiveAvatar stand-in, which holds each session at one step of its life until the test releases it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, get_args

from aiohttp import web
from livekit.api import TokenVerifier

from simulators.liveavatar import SERVICE, Habits, Options, create_app
from tests.simulators.liveavatar.rooms import RecordingRoom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from simulators.liveavatar.model import Session
    from simulators.liveavatar.room import Invitation

Step = Literal["before_token", "after_token", "after_start", "connecting", "talking", "stopping"]
STEPS: tuple[Step, ...] = get_args(Step)

LIVEKIT_KEY = "devkey"
LIVEKIT_SECRET = "a-secret-of-more-than-thirty-two-characters"

_HELD_AT: dict[tuple[str, str], Step] = {
    ("POST", "/v1/sessions/token"): "before_token",
    ("POST", "/v1/sessions/start"): "after_token",
    ("POST", "/v1/sessions/stop"): "stopping",
}


class Gate:
    """The step at which a session is held.

    Attributes:
        step: The step, with which the room's name begins.
        reached: Set when the session is at the step.
        released: Set by the test; held requests are then carried out, even of clients that are gone.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self.reached = asyncio.Event()
        self.released = asyncio.Event()


class GatedService:
    """An account whose sessions are held by the names of their rooms: `<step>.<anything>`."""

    def __init__(self) -> None:
        self.url = ""
        self.gates: dict[str, Gate] = {}
        self._app = create_app(Options(habits=Habits.fast(concurrency=100)), open_room=self._open_room)
        self._app.middlewares.insert(0, self._hold)
        self._listening: set[asyncio.Task[None]] = set()
        self._answered = asyncio.Condition()

    @property
    def sessions(self) -> list[Session]:
        """All sessions with a token."""
        return self._app[SERVICE].model.sessions

    @asynccontextmanager
    async def running(self) -> AsyncIterator[GatedService]:
        """Serve on loopback; as at the service, a request is carried out although its client has gone."""
        runner = web.AppRunner(self._app, handler_cancellation=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0]
            self.url = f"http://{host}:{port}"
            yield self
        finally:
            await runner.cleanup()

    def gate(self, room: str) -> Gate:
        """Return the gate of the session for that room; the first call makes it."""
        step: Step = next(step for step in STEPS if room.startswith(step))
        return self.gates.setdefault(room, Gate(step))

    async def none_open(self, timeout: float) -> None:  # noqa: ASYNC109 - the test's promise
        """Wait until no session runs."""
        async with self._answered, asyncio.timeout(timeout):
            await self._answered.wait_for(lambda: not any(session.is_running for session in self.sessions))

    @web.middleware
    async def _hold(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        # Read the request now: it is carried out even if its sender is gone, and could not be read then.
        await request.read()
        room = await self._room(request)
        gate = self.gate(room)
        step = _HELD_AT.get((request.method, request.path), "connecting")
        try:
            if step == gate.step and not gate.reached.is_set():
                await _wait_at(gate)
            response = await handler(request)
            if (step, gate.step) == ("after_token", "after_start"):
                await _wait_at(gate)
            return response
        finally:
            async with self._answered:
                self._answered.notify_all()

    async def _room(self, request: web.Request) -> str:
        """Return the room of the session that a request is about."""
        if request.path.endswith("/token"):
            return str(json.loads(await request.text())["livekit_config"]["livekit_room"])
        if request.path.endswith("/start"):
            token = request.headers["Authorization"].removeprefix("Bearer ")
            session = next(session for session in self.sessions if session.token == token)
        elif request.path.endswith("/stop"):
            session = self._app[SERVICE].model.session(json.loads(await request.text())["session_id"])
        else:
            key = request.path.rpartition("/")[2]
            session = next(session for session in self.sessions if session.ws_key == key)
        assert session.request.livekit_config is not None
        return session.request.livekit_config.livekit_room

    def _open_room(self, invitation: Invitation) -> RecordingRoom:
        room = RecordingRoom(invitation)
        grants = TokenVerifier(LIVEKIT_KEY, LIVEKIT_SECRET).verify(invitation.token).video
        assert grants is not None
        gate = self.gate(grants.room)
        if gate.step == "talking":
            listening = asyncio.ensure_future(self._listen(room, gate))
            self._listening.add(listening)
            listening.add_done_callback(self._listening.discard)
        return room

    async def _listen(self, room: RecordingRoom, gate: Gate) -> None:
        await room.wait_for_sound(0.1)
        gate.reached.set()


async def _wait_at(gate: Gate) -> None:
    gate.reached.set()
    await gate.released.wait()

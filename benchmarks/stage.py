"""The stand-in on a loopback port, and calls in which either plugin speaks through it."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from livekit.agents import AgentSession, CloseEvent, CloseReason, utils

from benchmarks.call import Call
from benchmarks.plugins import LIVEKIT, PLUGINS
from benchmarks.rooms import AgentRoom, AvatarRoom
from benchmarks.truth import Truth
from simulators.liveavatar import FULL, SERVICE, Dialect, Habits, Options, create_app
from simulators.liveavatar.model import DRAWN_FACE_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from livekit import rtc

    from benchmarks.figures import Plugin
    from simulators.liveavatar.room import Invitation

_READY_TIMEOUT = 10.0
_CLOSE_TIMEOUT = 5.0
_POLL = 0.02

# Seconds for the stand-in's `connected` to arrive.
_SETTLE = 0.1


class Stage:
    """One stand-in that uses one dialect; `url` is its address."""

    def __init__(self, app: web.Application, url: str, rooms: list[AvatarRoom], numbers: Iterator[int]) -> None:
        self._service = app[SERVICE]
        self.url = url
        self._rooms = rooms
        self._numbers = numbers
        self._starting = asyncio.Lock()

    def behind(self, url: str) -> Stage:
        """Return the same stand-in, reached at another address."""
        stage = copy(self)
        stage.url = url
        return stage

    @asynccontextmanager
    async def call(self, plugin: Plugin) -> AsyncIterator[Call]:
        """Open a call in which the avatar of a plugin is ready to speak."""
        # Many starts at once would hold up the event loop, and with it the stand-in's clock.
        async with self._starting:
            room = AgentRoom(f"{plugin.value}-{next(self._numbers)}")
            agent_session: AgentSession[Any] = AgentSession(vad=None)
            avatar = PLUGINS[plugin](
                avatar_id=DRAWN_FACE_ID, api_url=f"{self.url}/v1/sessions", api_key="stand-in", video_quality="low"
            )
            await avatar.start(agent_session, cast("rtc.Room", room), **LIVEKIT)
        truth = self._truth(room.name)
        try:
            await _until(lambda: truth.is_connected, _READY_TIMEOUT)
            await asyncio.sleep(_SETTLE)
            assert agent_session.output.audio is not None  # noqa: S101 - the plugin has put it there
            yield Call(agent_session.output.audio, truth)
        finally:
            # The official plugin ends its session only on this event.
            agent_session.emit("close", CloseEvent(reason=CloseReason.USER_INITIATED))
            await avatar.aclose()
            with contextlib.suppress(TimeoutError):
                await _until(lambda: truth.is_over, _CLOSE_TIMEOUT)
            await agent_session.aclose()

    def _truth(self, room_name: str) -> Truth:
        for session in self._service.model.sessions:
            config = session.request.livekit_config
            if config is not None and config.livekit_room == room_name:
                token = config.livekit_client_token
                return Truth(
                    session, self._service.clock, next(room for room in self._rooms if room.invitation.token == token)
                )
        raise LookupError(room_name)


@asynccontextmanager
async def open_stage(dialect: Dialect = FULL, *, speech_starts_after: float = 0.2) -> AsyncIterator[Stage]:
    """Serve a stand-in on a free port of loopback; its account has no limits that matter here.

    Args:
        dialect: The dialect of its events.
        speech_starts_after: Seconds from the first audio of an utterance to its first sound.
    """
    rooms: list[AvatarRoom] = []

    def open_room(invitation: Invitation) -> AvatarRoom:
        rooms.append(AvatarRoom(invitation))
        return rooms[-1]

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(utils.http_context.open())
        habits = Habits.fast(dialect=dialect, speech_starts_after=speech_starts_after, concurrency=1000, credits=1e6)
        app = create_app(Options(habits=habits), open_room=open_room)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield Stage(app, f"http://127.0.0.1:{port}", rooms, count(1))


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the stand-in's bookkeeping has no event to wait for
            await asyncio.sleep(_POLL)

"""The model of the service on the event loop: what it says is sent, and its avatars are shown in their rooms."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import web

from simulators.faults.fault import SocketFault
from simulators.liveavatar.connection import Connection
from simulators.liveavatar.hosting import HostedRoom
from simulators.liveavatar.model import (
    AvatarJoined,
    AvatarLeft,
    Happening,
    Replied,
    ServiceModel,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketStruck,
    SocketText,
)
from simulators.liveavatar.performance import TICK_SECONDS, Performance
from simulators.liveavatar.room import Invitation
from simulators.liveavatar.ticker import Ticker
from simulators.liveavatar.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.faults.injection import Injection
    from simulators.faults.places import Moment
    from simulators.liveavatar.model import Session
    from simulators.liveavatar.model.requests import Quality
    from simulators.liveavatar.options import Options
    from simulators.liveavatar.room import OpenRoom

# Pixels for each quality: HeyGen's configuration page gives the heights, fact 77 the widths.
SIZES: dict[Quality, tuple[int, int]] = {
    "very_high": (1920, 1080),
    "high": (1280, 720),
    "medium": (854, 480),
    "low": (640, 360),
}

# The model's timer never fires sooner than this, in seconds: its clock may stand still for a moment.
SHORTEST_WAIT = 0.001


class Service:
    """Drives the model.

    Args:
        options: of the stand-in.
        open_room: makes the room that an avatar joins.
        injection: decides what goes wrong.

    Attributes:
        options: of the stand-in.
        clock: the model's.
        model: decides everything.
        unix_zero: Unix time at the zero of the clock, in seconds.
    """

    def __init__(self, options: Options, open_room: OpenRoom, injection: Injection) -> None:
        self.options = options
        self.clock = Ticker(TICK_SECONDS)
        self.unix_zero = time.time() - self.clock.now
        self.model = ServiceModel(
            options.habits,
            now=self.clock.now,
            api_key=options.api_key,
            new_id=_new_id,
            wall_clock=datetime.now(UTC),
            hosts_rooms=options.livekit is not None,
            has_real_rooms=True,
            keeps_sound=False,
            on_moment=self._reach,
        )
        self._open_room = open_room
        self._injection = injection
        self._replies: dict[int, asyncio.Future[Replied]] = {}
        self._connections: dict[int, Connection] = {}
        self._performances: dict[str, Performance] = {}
        self._troubles: dict[str, Trouble] = {}
        self._hosted: dict[str, HostedRoom] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def beat(self) -> None:
        """Keep the clock going."""
        while True:
            await self.clock.tick()

    def pump(self) -> None:
        """Carry out what has happened in the model, and wake up when something will."""
        for happening in self.model.advance(self.clock.now):
            self._carry_out(happening)
        if self._timer is not None:
            self._timer.cancel()
        if (at := self.model.next_at()) is not None:
            wait = max(at - self.clock.now, SHORTEST_WAIT)
            self._timer = asyncio.get_running_loop().call_later(wait, self.pump)

    async def call(self, method: str, path: str, headers: Mapping[str, str], body: object) -> Replied:
        """Hand in a REST call and wait for its answer."""
        request_id = self.model.request(method, path, headers, body, self.clock.now)
        reply: asyncio.Future[Replied] = asyncio.get_running_loop().create_future()
        self._replies[request_id] = reply
        self.pump()
        return await reply

    def open_socket(self, ws_key: str) -> Connection:
        """Hand in a WebSocket handshake; `opened` of the connection tells what comes of it."""
        connection = Connection(self.model.open_socket(ws_key, self.clock.now))
        self._connections[connection.socket_id] = connection
        self.pump()
        return connection

    def receive(self, connection: Connection, frame: str | bytes) -> None:
        """Hand in a client's frame."""
        self.model.receive(connection.socket_id, frame, self.clock.now)
        self.pump()

    def close_socket(self, connection: Connection) -> None:
        """Note that a client is gone."""
        self.model.close_socket(connection.socket_id, self.clock.now)
        self._connections.pop(connection.socket_id, None)
        self.pump()

    def hosted_room(self, session: Session) -> HostedRoom | None:
        """The room that the stand-in opens for a session that brings none."""
        if session.request.livekit_config is not None or self.options.livekit is None:
            return None
        if session.id not in self._hosted:
            self._hosted[session.id] = HostedRoom.open(self.options.livekit, self.options.habits)
        return self._hosted[session.id]

    def performance(self, session: Session) -> Performance:
        """What the avatar of a session does in its room."""
        if session.id not in self._performances:
            room = self._open_room(self._invitation(session))
            self._performances[session.id] = Performance(session, room, self)
        return self._performances[session.id]

    def stalled_seconds(self, session: Session) -> float:
        """How long the avatar of a session has stood still because the machine was busy."""
        performance = self._performances.get(session.id)
        return 0.0 if performance is None else performance.stalled_seconds

    async def departures(self) -> None:
        """Wait until every avatar whose session has ended is out of its room."""
        leaving = [each for each in self._performances.values() if each.has_begun and not each.session.is_running]
        await asyncio.gather(*(each.is_over.wait() for each in leaving))

    async def aclose(self) -> None:
        """End all sessions and wait until all rooms have been left."""
        for session in self.model.running(self.clock.now):
            self.model.end(session.id, "SERVER_ERROR", self.clock.now)
        self.pump()
        await self.departures()
        if self._timer is not None:
            self._timer.cancel()

    def _carry_out(self, happening: Happening) -> None:
        match happening:
            case Replied(request_id):
                reply = self._replies.pop(request_id)
                if not reply.done():
                    reply.set_result(happening)
            case AvatarJoined(session_id):
                self.performance(self.model.session(session_id)).begin()
            case AvatarLeft(session_id):
                self._performances[session_id].end()
            case _ if (connection := self._connections.get(happening.socket_id)) is not None:
                _tell(connection, happening)

    def _reach(self, session: Session, moment: Moment) -> None:
        if session.id not in self._troubles:
            self._troubles[session.id] = Trouble(session, self, self._injection)
        self._troubles[session.id].reach(moment)

    def _invitation(self, session: Session) -> Invitation:
        size = SIZES[session.request.quality]
        codec = self.options.habits.video_codec
        if (hosted := self.hosted_room(session)) is not None:
            return Invitation(hosted.url, hosted.avatar_token, *size, codec)
        config = session.request.livekit_config
        assert config is not None  # noqa: S101 - a token without a room is not given out
        return Invitation(self.options.livekit_url or config.livekit_url, config.livekit_client_token, *size, codec)


SERVICE = web.AppKey("service", Service)


def _tell(
    connection: Connection, happening: SocketOpened | SocketRefused | SocketText | SocketStruck | SocketClosed
) -> None:
    match happening:
        case SocketOpened():
            _decide(connection, None)
        case SocketRefused(_, status):
            _decide(connection, status)
        case SocketText(_, text):
            connection.send(text)
        case SocketStruck(_, fault) if isinstance(fault, SocketFault):
            connection.suffer(fault)
        case SocketClosed(_, code):
            connection.close(code)


def _decide(connection: Connection, status: int | None) -> None:
    with suppress(asyncio.InvalidStateError):  # its client did not wait
        connection.opened.set_result(status)


def _new_id(kind: str) -> str:
    return secrets.token_urlsafe(32) if kind in ("token", "ws") else str(uuid4())

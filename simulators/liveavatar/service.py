"""The model of the service on the event loop, its faults, and its avatars in their rooms."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import web

from simulators.liveavatar.driver import Driver
from simulators.liveavatar.hosting import HostedRoom
from simulators.liveavatar.model import (
    AvatarJoined,
    AvatarLeft,
    Happening,
    ServiceModel,
)
from simulators.liveavatar.performance import TICK_SECONDS, Performance
from simulators.liveavatar.room import Invitation
from simulators.liveavatar.ticker import Ticker
from simulators.liveavatar.trouble import Trouble

if TYPE_CHECKING:
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


class Service(Driver):
    """Drives the model, lets faults strike, and sends avatars to their rooms.

    Args:
        options: Options of the stand-in.
        open_room: Makes the room that an avatar joins.
        injection: Decides which faults strike.

    Attributes:
        options: Options of the stand-in.
        model: Decides everything.
        unix_zero: Unix time at the zero of the clock, in seconds.
    """

    def __init__(self, options: Options, open_room: OpenRoom, injection: Injection) -> None:
        clock = Ticker(TICK_SECONDS)
        self.options = options
        self.unix_zero = time.time() - clock.now
        self.model = ServiceModel(
            options.habits,
            now=clock.now,
            api_key=options.api_key,
            new_id=_new_id,
            wall_clock=datetime.now(UTC),
            hosts_rooms=options.livekit is not None,
            has_real_rooms=True,
            keeps_sound=False,
            on_moment=self._reach,
        )
        super().__init__(self.model, clock)
        self._open_room = open_room
        self._injection = injection
        self._performances: dict[str, Performance] = {}
        self._troubles: dict[str, Trouble] = {}
        self._hosted: dict[str, HostedRoom] = {}

    def hosted_room(self, session: Session) -> HostedRoom | None:
        """Return the room that the stand-in opens for a session without one."""
        if session.request.livekit_config is not None or self.options.livekit is None:
            return None
        if session.id not in self._hosted:
            self._hosted[session.id] = HostedRoom.open(self.options.livekit, self.options.habits)
        return self._hosted[session.id]

    def performance(self, session: Session) -> Performance:
        """Return the performance of a session's avatar."""
        if session.id not in self._performances:
            room = self._open_room(self._invitation(session))
            self._performances[session.id] = Performance(session, room, self)
        return self._performances[session.id]

    def stalled_seconds(self, session: Session) -> float:
        """Return the seconds for which a session's avatar has stood still because the machine was busy."""
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
        await super().aclose()

    def _carry_out(self, happening: Happening) -> None:
        match happening:
            case AvatarJoined(session_id):
                self.performance(self.model.session(session_id)).begin()
            case AvatarLeft(session_id):
                self._performances[session_id].end()
            case _:
                super()._carry_out(happening)

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
        assert config is not None  # noqa: S101 - there is no token without a room
        return Invitation(self.options.livekit_url or config.livekit_url, config.livekit_client_token, *size, codec)


SERVICE = web.AppKey("service", Service)


def _new_id(kind: str) -> str:
    return secrets.token_urlsafe(32) if kind in ("token", "ws") else str(uuid4())

"""Sessions of the service, as long as they are paid for: started for one room, stopped on every way out."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from avatar.api import LiveAvatarAPI, Room, StartedSession, VideoQuality
from avatar.errors import AvatarError
from avatar.room_token import mint_room_token

logger = logging.getLogger("avatar")

SANDBOX_SECONDS = 60.0
"""Length of a sandbox session, whatever was asked for ("Sandbox mode": about one minute)."""

_STOP_TIMEOUT = 8.0
# Seconds for a stop: the framework kills a job 10 s after its shutdown callbacks began.

_START_IN_FLIGHT = 3.0
# Of them, for a start that is on its way: a start that a stop has overtaken would run on.


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """The room in which the avatar is to appear, and the keys of its server."""

    url: str
    name: str
    agent_identity: str
    """On whose behalf the avatar publishes."""
    api_key: str
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Appearance:
    """Which avatar is to appear, and how.

    Args:
        avatar_id: Which avatar.
        identity: Of its participant; a later session of the same call has a number behind it.
        name: Shown in the room.
        is_sandbox: Free of charge, one minute long.
        video_quality: None for the service's default.
        max_session_duration: Seconds; None for the account's limit.
    """

    avatar_id: str
    identity: str
    name: str
    is_sandbox: bool = False
    video_quality: VideoQuality | None = None
    max_session_duration: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceSession:
    """A session that runs; times are the event loop's."""

    session_id: str
    ws_url: str = field(repr=False)
    identity: str
    started_at: float
    ends_at: float | None
    """When the service will end it, if that is known. It need not say so then."""


class Sessions(Protocol):
    """Where the avatars of one call come from, and what they cost."""

    @property
    def seconds_used(self) -> float:
        """Seconds for which sessions have run, all together, until now."""

    @property
    def count(self) -> int:
        """Sessions that were made."""

    async def start(self) -> ServiceSession:
        """Give a session that runs.

        Raises:
            AvatarError: There is none.
        """

    async def stop(self, session_id: str) -> None:
        """One is of no use any more."""

    async def stop_all(self) -> None:
        """No avatar is wanted any more."""

    async def aclose(self) -> None:
        """The call is over: nothing is left running."""


class ServiceSessions:
    """Starts and stops the sessions of one call in a room of ours, and counts what they cost.

    Args:
        api: The service.
        access: Where the avatar appears.
        appearance: Which avatar.
        now: Monotonic seconds.
    """

    def __init__(
        self, api: LiveAvatarAPI, access: RoomAccess, appearance: Appearance, now: Callable[[], float]
    ) -> None:
        self._api = api
        self._access = access
        self._appearance = appearance
        self._now = now
        self._count = 0
        self._running: dict[str, float] = {}
        self._starting: dict[str, asyncio.Future[StartedSession]] = {}
        self._stopping: dict[str, asyncio.Task[None]] = {}
        self._seconds_used = 0.0

    @property
    def seconds_used(self) -> float:
        """Seconds for which sessions have run, all together, until now."""
        return self._seconds_used + sum(self._now() - started_at for started_at in self._running.values())

    @property
    def count(self) -> int:
        """Sessions that were made."""
        return self._count

    async def start(self) -> ServiceSession:
        """Make and start a session. If it raises, none is left running.

        Raises:
            AvatarError: The service did not start one.
        """
        identity = self._appearance.identity + (f"-{self._count + 1}" if self._count else "")
        token = await self._api.create_token(
            avatar_id=self._appearance.avatar_id,
            room=Room(self._access.url, self._access.name, self._room_token(identity)),
            is_sandbox=self._appearance.is_sandbox,
            video_quality=self._appearance.video_quality,
            max_session_duration=self._appearance.max_session_duration,
        )
        self._count += 1
        started_at = self._now()
        self._running[token.session_id] = started_at
        self._stopping.pop(token.session_id, None)
        starting = self._starting[token.session_id] = asyncio.ensure_future(self._api.start(token))
        try:
            started = await asyncio.shield(starting)
        except BaseException:
            await self.stop(token.session_id)
            raise
        logger.info("avatar session started", extra={"session_id": started.session_id})
        duration = SANDBOX_SECONDS if self._appearance.is_sandbox else started.max_duration
        duration = duration or self._appearance.max_session_duration
        ends_at = None if duration is None else started_at + duration
        return ServiceSession(started.session_id, started.ws_url, identity, started_at, ends_at)

    async def stop(self, session_id: str) -> None:
        """Stop a session, once however often it is asked for, and to the end whoever is cancelled."""
        if session_id not in self._stopping:
            self._stopping[session_id] = asyncio.create_task(self._stop(session_id), name="avatar_stop")
        await asyncio.shield(self._stopping[session_id])

    async def stop_all(self) -> None:
        """Stop what was started and not stopped."""
        await asyncio.gather(*(self.stop(session_id) for session_id in list(self._running)))
        await asyncio.gather(*self._stopping.values())

    async def aclose(self) -> None:
        """Stop what was started and not stopped."""
        await self.stop_all()

    async def _stop(self, session_id: str) -> None:
        try:
            await stop_session(self._api, session_id, after=self._starting.pop(session_id, None))
        finally:
            self._seconds_used += self._now() - self._running.pop(session_id, self._now())

    def _room_token(self, identity: str) -> str:
        return mint_room_token(
            room=self._access.name,
            identity=identity,
            name=self._appearance.name,
            agent_identity=self._access.agent_identity,
            api_key=self._access.api_key,
            api_secret=self._access.api_secret,
        )


async def stop_session(
    service: LiveAvatarAPI, session_id: str, *, after: "asyncio.Future[StartedSession] | None" = None
) -> None:
    """Stop a session, `after` its start has come through, within 8 s; if that fails, say so."""
    session = {"session_id": session_id}
    try:
        async with asyncio.timeout(_STOP_TIMEOUT):
            if after is not None:
                await _in_flight(after)
            await service.stop(session_id)
        logger.info("avatar session stopped", extra=session)
    except (AvatarError, TimeoutError) as error:
        told = str(error) or f"no answer within {_STOP_TIMEOUT:.0f} s"
        logger.error("avatar session NOT stopped, it is billed until somebody stops it: %s", told, extra=session)  # noqa: TRY400 - a sentence, no traceback


async def _in_flight(start: "asyncio.Future[StartedSession]") -> None:
    """Wait for it, but not for long: then the request is given up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_START_IN_FLIGHT):
            await asyncio.gather(start, return_exceptions=True)

"""Rooms of LiveAvatar: each caller gets a session with a room, which a job of this worker joins."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol

from agent.call.account import Account
from agent.call.budget_enforcer import limits_of, refusal
from agent.call_config import CallConfig, CallConfigError, resolve
from agent.call_config.persona_files import persona_named
from agent.framework import FullError
from agent.persona import Persona
from agent.rooms.connection_details import CallOverError, ConnectionDetails, NoRoomError
from agent.sessions.sweeper import avatar_service
from agent.settings import Settings, SettingsError
from avatar import AvatarError, HostedRoom, open_hosted_room
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")

# Seconds that a call waits for its caller to join with their token. The session is billed meanwhile.
CALLER_JOIN_TIMEOUT = 30.0

# Seconds for one request to LiveAvatar, for which a caller waits; a start takes 1 to 3 s.
_TIMEOUT = 10.0

# Seconds for a job to adopt its session, once a process has it; a busy machine takes 1 to 2 s.
_TAKEN_WITHIN = 20.0

# Messages for callers; the operator's detail goes to the log.
BUSY = "All lines are busy. Please try again in a few minutes."
UNAVAILABLE = "Calls are not available at the moment. Please try again later."
ENDED = "The call has ended."


class Server(Protocol):
    """The part of the worker that rooms need."""

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Hold a place for one more call.

        Raises:
            FullError: There is no place.
        """

    async def join(self, room: HostedRoom, config: CallConfig) -> None:
        """Start a job in a room, within `slot`, with the call's configuration."""


class HostedRooms:
    """Opens a room for each caller, and stops every session that gets no job.

    A place for the call is held from the request until its job runs; without one no session is started. The session
    belongs to this process until the job adopts it. If no job adopts it within 20 s, it is stopped; it is also stopped
    at the end of `hosted_rooms`, and by a sweep if this process is killed.

    Args:
        settings: Complete settings.
        server: Runs the jobs.
        journal: The journal of sessions.
    """

    def __init__(self, settings: Settings, server: Server, journal: Journal) -> None:
        self._settings = settings
        self._server = server
        self._journal = journal
        self._opening: set[asyncio.Task[HostedRoom]] = set()
        self._lent: dict[str, asyncio.Task[None]] = {}
        # Session ID and connection details of running calls, by token.
        self._calls: dict[str, tuple[str, ConnectionDetails]] = {}

    @property
    def waits(self) -> float:
        """Seconds for which a session waits for its caller."""
        return CALLER_JOIN_TIMEOUT

    async def is_awaited(self, details: ConnectionDetails) -> bool:  # noqa: ARG002 - LiveAvatar's server can't be asked
        """Return True: it is unknown whether a caller has joined."""
        return True

    async def create(
        self,
        name: str,  # noqa: ARG002 - LiveAvatar makes the token, with its name
        config: CallConfig | None = None,
    ) -> ConnectionDetails:
        """Let a caller into a room of LiveAvatar's; see `agent.rooms.connection_details.Rooms.create`."""
        # The task goes on when the request is cancelled: a started session is handed over, or stopped.
        opening = asyncio.create_task(self._open(config or CallConfig()), name="hosted_room")
        self._opening.add(opening)
        opening.add_done_callback(self._on_opened)
        room = await asyncio.shield(opening)
        details = ConnectionDetails(room.url, room.client_token, room.name, room.caller, CALLER_JOIN_TIMEOUT)
        await self._forget_ended()
        self._calls[details.token] = (room.session_id, details)
        return details

    async def refresh(self, token: str) -> ConnectionDetails:
        """Return a caller's details again, as LiveAvatar makes one token for a room; see `Rooms.refresh`."""
        await self._forget_ended()
        if token not in self._calls:
            raise CallOverError(ENDED)
        _, details = self._calls[token]
        return details

    async def aclose(self) -> None:
        """Stop every session that no job has adopted."""
        await asyncio.gather(*self._opening, return_exceptions=True)
        lent = dict(self._lent)
        for waiting in lent.values():
            waiting.cancel()
        await asyncio.gather(*lent.values(), *(self._take_back(each) for each in lent), return_exceptions=True)

    async def _forget_ended(self) -> None:
        running = {entry.session_id for entry in await asyncio.to_thread(self._journal.entries)}
        self._calls = {token: call for token, call in self._calls.items() if call[0] in running}

    def _on_opened(self, opening: "asyncio.Task[HostedRoom]") -> None:
        self._opening.discard(opening)
        if not opening.cancelled():
            opening.exception()  # already logged, and the request may be gone

    async def _open(self, config: CallConfig) -> HostedRoom:
        try:
            settings, persona = resolve(self._settings, partial(persona_named, self._settings), config)
            async with self._server.slot():
                room = await self._make(settings, persona)
                await self._hand_over(room, config)
        except FullError:
            raise NoRoomError(BUSY) from None
        except (CallConfigError, SettingsError) as error:
            logger.error(  # noqa: TRY400 - no traceback for users
                "no room is asked for, its persona can't be used", extra={"problem": str(error)}
            )
            raise NoRoomError(UNAVAILABLE) from None
        waiting = asyncio.create_task(self._wait_for_adoption(room.session_id), name="hosted_adoption")
        self._lent[room.session_id] = waiting
        waiting.add_done_callback(lambda _: self._lent.pop(room.session_id))
        return room

    async def _hand_over(self, room: HostedRoom, config: CallConfig) -> None:
        try:
            await self._server.join(room, config)
        except Exception as error:
            logger.exception("no job could be started for a room of LiveAvatar's")
            await self._take_back(room.session_id)
            raise NoRoomError(UNAVAILABLE) from error

    async def _make(self, settings: Settings, persona: Persona) -> HostedRoom:
        """Make a room with an avatar, if the limits allow it.

        Raises:
            NoRoomError: There is none.
        """
        if reason := await refusal(limits_of(settings), Account(settings, self._journal)):
            logger.warning("no room is asked for, a limit is reached", extra={"reason": reason.value})
            raise NoRoomError(UNAVAILABLE)
        try:
            async with avatar_service(settings, self._journal, call_timeout=_TIMEOUT) as service:
                return await open_hosted_room(
                    service,
                    avatar_id=settings.avatar_id(persona.avatar_id),
                    is_sandbox=settings.liveavatar_sandbox,
                    video_quality=settings.liveavatar_video_quality,
                )
        except AvatarError as error:
            logger.error("LiveAvatar gave no room", extra={"reason": str(error)})  # noqa: TRY400 - no traceback for users
            raise NoRoomError(UNAVAILABLE) from error

    async def _wait_for_adoption(self, session_id: str) -> None:
        await asyncio.sleep(_TAKEN_WITHIN)
        await self._take_back(session_id)

    async def _take_back(self, session_id: str) -> None:
        """Stop a session that no job has adopted."""
        try:
            if not await asyncio.to_thread(self._journal.take_back, session_id):
                return
            logger.warning("an avatar session got no job, and is stopped", extra={"session_id": session_id})
            async with avatar_service(self._settings, self._journal) as service:
                await service.stop(session_id)
        except AvatarError as error:
            logger.error(  # noqa: TRY400 - no traceback for users
                "an avatar session is left to the next sweep", extra={"session_id": session_id, "reason": str(error)}
            )


@asynccontextmanager
async def hosted_rooms(settings: Settings, server: Server, journal: Journal) -> AsyncIterator[HostedRooms]:
    """Open rooms of LiveAvatar while the body runs."""
    rooms = HostedRooms(settings, server, journal)
    try:
        yield rooms
    finally:
        await rooms.aclose()

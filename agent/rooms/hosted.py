"""Rooms of LiveAvatar: a session is made for each caller, and a job of this worker joins its room."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from agent.call.account import Account
from agent.call.budget_enforcer import limits_of, refusal
from agent.persona import load_persona
from agent.rooms.connection_details import ConnectionDetails, NoRoomError
from agent.sessions.sweeper import avatar_service
from agent.settings import Settings
from avatar import AvatarError, HostedRoom, open_hosted_room
from avatar.journal import SessionJournal

logger = logging.getLogger("agent")

CALLER_JOIN_TIMEOUT = 30.0
"""Seconds that a call waits for its caller, who has the token: the session is billed already."""

_TIMEOUT = 10.0
# Seconds for one call of the service, for which a caller waits; a start takes 1 to 3.

_TAKEN_WITHIN = 20.0
# Seconds for a job to adopt its session, once a process has it; a busy machine takes one or two.


class Server(Protocol):
    """The worker, as far as rooms need it."""

    async def may_take_call(self) -> bool:
        """Whether there is room for one more."""

    async def join(self, room: HostedRoom) -> None:
        """Start a job there."""


class HostedRooms:
    """Opens a room for each caller, and sees to it that a session without a job is stopped.

    The session is this process's until the job adopts it. If the job does not, within 20 s, it is stopped; so it is at
    the end of `hosted_rooms`, and by whoever sweeps when this process is killed.

    Args:
        settings: Complete ones.
        server: Runs the jobs.
        journal: Where the sessions are noted.
    """

    def __init__(self, settings: Settings, server: Server, journal: SessionJournal) -> None:
        self._settings = settings
        self._server = server
        self._journal = journal
        self._opening: set[asyncio.Task[HostedRoom]] = set()
        self._lent: dict[str, asyncio.Task[None]] = {}

    async def create(self, name: str) -> ConnectionDetails:  # noqa: ARG002 - the token, with its name, is the service's
        """Let a caller into a room of LiveAvatar's; see `agent.rooms.connection_details.Rooms.create`."""
        if not await self._server.may_take_call():
            message = "no more calls can be taken at the moment"
            raise NoRoomError(message)
        # To its end also if nobody waits for the answer any more: what was started is handed over, or stopped.
        opening = asyncio.create_task(self._open(), name="hosted_room")
        self._opening.add(opening)
        opening.add_done_callback(self._on_opened)
        room = await asyncio.shield(opening)
        return ConnectionDetails(room.url, room.client_token, room.name, room.caller, CALLER_JOIN_TIMEOUT)

    async def refresh(self, token: str) -> ConnectionDetails:  # noqa: ARG002 - only the service could make another
        """LiveAvatar gives one token for a room; see `agent.rooms.connection_details.Rooms.refresh`."""
        message = "this call can't be joined again: its token has expired"
        raise NoRoomError(message)

    async def aclose(self) -> None:
        """Stop every session that no job has adopted."""
        await asyncio.gather(*self._opening, return_exceptions=True)
        lent = dict(self._lent)
        for waiting in lent.values():
            waiting.cancel()
        await asyncio.gather(*lent.values(), *(self._take_back(each) for each in lent), return_exceptions=True)

    def _on_opened(self, opening: "asyncio.Task[HostedRoom]") -> None:
        self._opening.discard(opening)
        if not opening.cancelled():
            opening.exception()  # was logged; who asked may be gone

    async def _open(self) -> HostedRoom:
        room = await self._make()
        try:
            await self._server.join(room)
        except Exception as error:
            logger.exception("no job could be started for a room of LiveAvatar's")
            await self._take_back(room.session_id)
            message = "no agent could be started"
            raise NoRoomError(message) from error
        waiting = asyncio.create_task(self._wait_for_adoption(room.session_id), name="hosted_adoption")
        self._lent[room.session_id] = waiting
        waiting.add_done_callback(lambda _: self._lent.pop(room.session_id))
        return room

    async def _make(self) -> HostedRoom:
        """A room with an avatar, if the limits allow it.

        Raises:
            NoRoomError: There is none, with the reason.
        """
        settings = self._settings
        if reason := await refusal(limits_of(settings), Account(settings, self._journal)):
            raise NoRoomError(reason)
        try:
            async with avatar_service(settings, self._journal, call_timeout=_TIMEOUT) as service:
                return await open_hosted_room(
                    service,
                    avatar_id=settings.avatar_id(load_persona(settings.persona).avatar_id),
                    is_sandbox=settings.liveavatar_sandbox,
                    video_quality=settings.liveavatar_video_quality,
                )
        except AvatarError as error:
            logger.error("LiveAvatar gave no room: %s", error)  # noqa: TRY400 - a sentence, no traceback
            message = f"LiveAvatar gave no room: {error}"
            raise NoRoomError(message) from error

    async def _wait_for_adoption(self, session_id: str) -> None:
        await asyncio.sleep(_TAKEN_WITHIN)
        await self._take_back(session_id)

    async def _take_back(self, session_id: str) -> None:
        """Stop a session that no job has adopted."""
        try:
            if not await asyncio.to_thread(self._journal.take_back, session_id):
                return
            logger.warning("no job has taken over its avatar session, it is stopped", extra={"session_id": session_id})
            async with avatar_service(self._settings, self._journal) as service:
                await service.stop(session_id)
        except AvatarError as error:
            logger.error("an avatar session is left to the next sweep: %s", error)  # noqa: TRY400 - a sentence


@asynccontextmanager
async def hosted_rooms(settings: Settings, server: Server, journal: SessionJournal) -> AsyncIterator[HostedRooms]:
    """Rooms of LiveAvatar, as long as the body runs."""
    rooms = HostedRooms(settings, server, journal)
    try:
        yield rooms
    finally:
        await rooms.aclose()

"""The service behind both the REST API and the WebSocket: the account and the sessions that run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulators.liveavatar.account import Account, SessionRecord
from simulators.liveavatar.hosting import HostedRoom
from simulators.liveavatar.room import Invitation
from simulators.liveavatar.session import Session

if TYPE_CHECKING:
    from simulators.faults.injection import Injection
    from simulators.liveavatar.options import Options
    from simulators.liveavatar.requests import EndReason, Quality
    from simulators.liveavatar.room import OpenRoom

SIZES: dict[Quality, tuple[int, int]] = {
    "very_high": (1920, 1080),
    "high": (1280, 720),
    "medium": (854, 480),
    "low": (640, 360),
}
"""Pixels for each quality (HeyGen's configuration page gives the heights)."""


class Service:
    """Starts, finds and stops sessions.

    Args:
        options: of the stand-in.
        open_room: makes the room that a session joins.
        injection: decides what goes wrong.
    """

    def __init__(self, options: Options, open_room: OpenRoom, injection: Injection) -> None:
        self.options = options
        self.account = Account(options)
        self.sessions: dict[str, Session] = {}
        self._open_room = open_room
        self._injection = injection
        self._runs: dict[str, asyncio.Task[None]] = {}

    def start(self, record: SessionRecord) -> HostedRoom | None:
        """Start a session: it joins its room in the background.

        Returns:
            The room that the stand-in opened for it, None when the client brought its own.

        Raises:
            ApiError: the account does not admit it.
        """
        self.account.start(record)
        hosted = None
        if record.request.livekit_config is None and self.options.livekit is not None:
            hosted = HostedRoom.for_session(record.id, self.options.livekit)
        room = self._open_room(self._invitation(record, hosted))
        session = Session(record, account=self.account, room=room, options=self.options, injection=self._injection)
        self.sessions[record.id] = session
        self._runs[record.id] = asyncio.create_task(self._run(session, hosted))
        return hosted

    async def stop(self, record: SessionRecord, reason: EndReason) -> None:
        """End a session and wait until it has left its room; one that does not run is only noted as ended."""
        self.account.end(record, reason)
        if run := self._runs.get(record.id):
            self.sessions[record.id].end(reason)
            await asyncio.shield(run)

    def by_ws_key(self, ws_key: str) -> Session | None:
        """Find the running session that a WebSocket URL leads to."""
        sessions = (self.sessions[session_id] for session_id in self._runs)
        return next((session for session in sessions if session.record.ws_key == ws_key), None)

    async def aclose(self) -> None:
        """End all sessions and wait until all rooms have been left."""
        await asyncio.gather(
            *(self.stop(self.sessions[session_id].record, "SERVER_ERROR") for session_id in self._runs)
        )

    def _invitation(self, record: SessionRecord, hosted: HostedRoom | None) -> Invitation:
        width, height = SIZES[record.request.quality]
        if hosted is not None:
            return Invitation(hosted.url, hosted.avatar_token, width, height)
        config = record.request.livekit_config
        assert config is not None  # noqa: S101 - a token without a room is not given out
        return Invitation(self.options.livekit_url or config.livekit_url, config.livekit_client_token, width, height)

    async def _run(self, session: Session, hosted: HostedRoom | None) -> None:
        try:
            await session.run()
        finally:
            del self._runs[session.record.id]
            if hosted is not None:
                await hosted.aclose()

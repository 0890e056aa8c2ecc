"""A session that runs: the protocol driven at 25 ticks a second, its room, its client's socket and its limits."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from simulators.liveavatar.faulty_room import FaultyRoom
from simulators.liveavatar.player import RATE_HZ
from simulators.liveavatar.protocol import LiteProtocol
from simulators.liveavatar.room import FRAMES_PER_SECOND, Room, RoomError
from simulators.liveavatar.ticker import Ticker
from simulators.liveavatar.trouble import Trouble
from simulators.portrait import Mouth

if TYPE_CHECKING:
    from simulators.faults.injection import Injection
    from simulators.liveavatar.account import Account, SessionRecord
    from simulators.liveavatar.connection import Connection
    from simulators.liveavatar.options import Options
    from simulators.liveavatar.requests import EndReason

logger = logging.getLogger(__name__)

TICK_SECONDS = 1 / FRAMES_PER_SECOND


class Session:
    """One avatar in one room, from start to end.

    Args:
        record: its row in the account.
        account: pays for it.
        room: where it appears, not joined yet.
        options: of the stand-in.
        injection: decides what goes wrong.

    Attributes:
        connection: the client's newest socket, None while it has none.
        sockets: how many it has opened.
        connect_delay: seconds from the open socket to `connected`, of the newest.
    """

    def __init__(
        self, record: SessionRecord, *, account: Account, room: Room, options: Options, injection: Injection
    ) -> None:
        self.record = record
        self._account = account
        self.room = FaultyRoom(room)
        self._trouble = Trouble(self, injection)
        self._options = options
        self._ticker = Ticker(TICK_SECONDS)
        self.started_at = self._last_command_at = self._alone_since = self._ticker.now
        self.protocol = LiteProtocol(
            now=self.started_at,
            dialect=options.dialect,
            start_latency=options.start_latency,
            news_delay=room.delay_seconds,
            on_moment=self._trouble.reach,
        )
        self.connection: Connection | None = None
        self.sockets = 0
        self.connect_delay = 0.0
        self._joined = asyncio.Event()
        self._over = asyncio.Event()
        self._mouth = Mouth()

    @property
    def stalled_seconds(self) -> float:
        """How long the avatar has stood still because the machine was busy."""
        return self._ticker.stalled_seconds

    async def run(self) -> None:
        """Join the room, perform until the end, leave."""
        performance = asyncio.create_task(self._perform())
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait({performance, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._trouble.end()
            over.cancel()
            performance.cancel()
            outcome, _ = await asyncio.gather(performance, over, return_exceptions=True)
            self._conclude(outcome)
            await self.room.leave()

    def end(self, reason: EndReason) -> None:
        """End the session; `run` returns when the room has been left."""
        self._account.end(self.record, reason)
        self._over.set()

    def mute(self) -> None:
        """Fall silent for good, without a word."""
        self.protocol.mute(now=self._ticker.now, unsent=self.room.queued_seconds)
        self.room.hush()

    def touch(self) -> None:
        """Keep it alive: the idle time counts from now."""
        self._last_command_at = self._ticker.now

    async def welcome(self, connection: Connection) -> None:
        """Take a client's socket, and tell it `connected` when the avatar is ready; the newest socket counts."""
        if self.connection is not None:
            self.connection.close()
        self.connection = connection
        self.sockets += 1
        self.connect_delay = self._options.connect_delay
        self.protocol.open()
        self.flush()
        await asyncio.gather(self._joined.wait(), asyncio.sleep(self.connect_delay))
        if self.connection is connection:
            self._account.connect(self.record)
            self.protocol.connect()
            self.flush()

    def receive(self, frame: str | None, connection: Connection) -> None:
        """Take a text frame, or None for a binary one; a socket that was replaced is not heard any more."""
        if self.connection is not connection:
            return
        self.touch()
        now = self._ticker.now
        if frame is None:
            self.protocol.receive_binary(now=now)
        elif self.protocol.receive(frame, now=now, unsent=self.room.queued_seconds):
            self.room.hush()
        self.flush()

    def flush(self) -> None:
        """Hand over what is to be told; without a client it is lost."""
        messages = self.protocol.take_messages()
        if self.connection is not None:
            self.connection.send(messages)

    def lose(self, connection: Connection) -> None:
        """Go on without a client: the avatar stays in the room until it is back, or nobody is left who wants it."""
        if self.connection is not connection:
            return
        self.connection = None
        self._alone_since = self._ticker.now
        self.protocol.is_connected = False
        if not self._options.keeps_queue:
            self.protocol.player.clear(now=self._ticker.now, unsent=self.room.queued_seconds)
            self.room.hush()

    async def _perform(self) -> None:
        self._trouble.reach("joining")
        await self.room.join()
        self._joined.set()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._speak())
            tasks.create_task(self._show())

    async def _speak(self) -> None:
        follower = Mouth()
        # A listener should see the mouth with the sound.
        mouths = deque([self._mouth] * round(self.room.delay_seconds / TICK_SECONDS))
        while True:
            await self._ticker.tick()
            pcm = self.protocol.play(now=self._ticker.now)
            self.flush()
            if pcm:
                await self.room.play(pcm)
            follower.follow(pcm, RATE_HZ)
            mouths.append(replace(follower))
            self._mouth = mouths.popleft()
            self._check_limits(self._ticker.now)

    async def _show(self) -> None:
        ticker = Ticker(TICK_SECONDS)
        while True:
            await ticker.tick()
            seconds = self._ticker.now - self.started_at
            await self.room.show(seconds, self._mouth, self.protocol.player.state)

    def _check_limits(self, now: float) -> None:
        reason = self._exceeded(now)
        if reason == "MAX_DURATION_REACHED" and not self.record.request.is_sandbox:
            self._expire()
        elif reason is not None:
            self.end(reason)

    def _exceeded(self, now: float) -> EndReason | None:
        if not self.room.is_connected:
            return "USER_DISCONNECTED"
        if now - self.started_at >= self._max_seconds:
            return "MAX_DURATION_REACHED"
        if now - self._last_command_at >= self._options.idle_timeout:
            return "IDLE_TIMEOUT"
        if self.connection is None and now - self._alone_since >= self._options.orphan_timeout:
            return "ZOMBIE_SESSION_REAP"
        if not self.record.request.is_sandbox and self._account.credits_left <= 0:
            return "NO_CREDITS"
        return None

    @property
    def _max_seconds(self) -> float:
        """Asking for another length does not change a sandbox session's (seen by a user)."""
        if self.record.request.is_sandbox:
            return self._options.sandbox_seconds
        return self.record.request.max_session_duration or self._options.max_session_duration

    def _expire(self) -> None:
        """Fall silent, leave the socket open, and go when the client does (a paid session, seen by a user)."""
        if not self.protocol.is_mute:
            self._account.end(self.record, "MAX_DURATION_REACHED")
            self.mute()
        if self.connection is None:
            self._over.set()

    def _conclude(self, outcome: object) -> None:
        if isinstance(outcome, RoomError):
            logger.warning("the room could not be joined", extra={"session_id": self.record.id, "error": str(outcome)})
            self._account.end(self.record, "DISPATCH_FAILED")
        elif isinstance(outcome, Exception):
            logger.error("the session failed", exc_info=outcome, extra={"session_id": self.record.id})
        self._account.end(self.record, "SERVER_ERROR")
        self.protocol.close()
        self.flush()
        if self.connection is not None:
            self.connection.close()

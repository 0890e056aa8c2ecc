"""An avatar's actions in its room: it joins, plays and shows the model's output 25 times a second, and leaves."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from simulators.liveavatar.faulty_room import FaultyRoom
from simulators.liveavatar.model import RATE_HZ
from simulators.liveavatar.room import FRAMES_PER_SECOND, Room, RoomError
from simulators.liveavatar.ticker import Ticker
from simulators.portrait import Mouth

if TYPE_CHECKING:
    from simulators.liveavatar.model import Session
    from simulators.liveavatar.service import Service

logger = logging.getLogger(__name__)

TICK_SECONDS = 1 / FRAMES_PER_SECOND


class Performance:
    """One avatar in one room.

    Args:
        session: The avatar's session.
        room: Its room, not joined yet.
        service: Drives the model.

    Attributes:
        session: The avatar's session.
        room: Its room, which faults can strike.
        is_over: Set when the avatar has left the room.
    """

    def __init__(self, session: Session, room: Room, service: Service) -> None:
        self.session = session
        self.room = FaultyRoom(room)
        self.is_over = asyncio.Event()
        self._service = service
        self._task: asyncio.Task[None] | None = None
        self._stalled_before = service.clock.stalled_seconds
        self._stalled: float | None = None
        self._mouth = Mouth()

    @property
    def stalled_seconds(self) -> float:
        """Seconds for which the avatar has stood still because the machine was busy."""
        return self._service.clock.stalled_seconds - self._stalled_before if self._stalled is None else self._stalled

    @property
    def has_begun(self) -> bool:
        """Whether the avatar was sent to the room."""
        return self._task is not None

    def begin(self) -> None:
        """Join the room and perform until `end`."""
        self._task = asyncio.create_task(self._run())

    def end(self) -> None:
        """Leave the room."""
        self._stalled = self.stalled_seconds
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._perform()
        except RoomError as error:
            extra = {"session_id": self.session.id, "error": str(error)}
            logger.warning("the room could not be joined", extra=extra)
            self._finish("DISPATCH_FAILED")
        except Exception:
            logger.exception("the session failed", extra={"session_id": self.session.id})
            self._finish("SERVER_ERROR")
        finally:
            await self._leave()

    async def _leave(self) -> None:
        try:
            await self.room.leave()
            if (hosted := self._service.hosted_room(self.session)) is not None:
                await hosted.aclose()
        finally:
            self.is_over.set()

    async def _perform(self) -> None:
        await self.room.join()
        self._service.model.avatar_joined(self.session.id, self._service.clock.now, lead=self.room.delay_seconds)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._speak())
            tasks.create_task(self._show())

    async def _speak(self) -> None:
        ticker = Ticker(TICK_SECONDS)
        follower = Mouth()
        # Delays the mouth, so that it matches the buffered audio.
        mouths = deque([self._mouth] * round(self.room.delay_seconds / TICK_SECONDS))
        while True:
            await ticker.tick()
            if not self.room.is_connected:
                self._finish("USER_DISCONNECTED")
            pcm = self._service.model.play(self.session.id, self._service.clock.now)
            self._service.pump()
            if pcm:
                await self.room.play(pcm)
            follower.follow(pcm, RATE_HZ)
            mouths.append(replace(follower))
            self._mouth = mouths.popleft()

    async def _show(self) -> None:
        ticker = Ticker(TICK_SECONDS)
        conversation = self.session.conversation
        assert conversation is not None  # noqa: S101 - it is made when the session starts
        while True:
            await ticker.tick()
            seconds = self.session.seconds(self._service.clock.now)
            await self.room.show(seconds, self._mouth, conversation.player.state)

    def _finish(self, reason: Literal["DISPATCH_FAILED", "SERVER_ERROR", "USER_DISCONNECTED"]) -> None:
        self._service.model.end(self.session.id, reason, self._service.clock.now)
        self._service.pump()

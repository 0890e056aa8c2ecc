"""Recovers calls whose job was killed: the worker has another agent dispatched into the room."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from livekit.agents.job import RunningJobInfo

from agent.rate import Buckets
from agent.rooms.dispatch import bring_agent_back
from agent.settings import Settings
from avatar.sessions.port import LeftRoom

logger = logging.getLogger("agent")

# Agents that a room gets after others died: each starts a billed session, and the fourth may die like the three.
_AGENTS_AT_ONCE = 3
_AGENTS_PER_SECOND = 1 / 600.0

# Most rooms that are remembered.
_ROOMS = 1000


class Recovery:
    """Has agents dispatched into rooms whose own has died. A room of LiveAvatar's ends with its session, and gets none.

    Args:
        settings: The worker's.
        clock: Returns monotonic seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._limits = Buckets(_AGENTS_AT_ONCE, _AGENTS_PER_SECOND, _ROOMS)
        # Agents whose death was handled: the worker notices it at once, and again seconds later by the lease.
        self._handled: deque[str] = deque(maxlen=_ROOMS)
        self._running: dict[str, asyncio.Task[None]] = {}

    def recover_job(self, info: RunningJobInfo) -> None:
        """Handle a job whose process has failed."""
        job = info.job
        self._recover(
            job.room.name, dead=info.accept_arguments.identity, dead_dispatch=job.dispatch_id, metadata=job.metadata
        )

    def recover_room(self, left: LeftRoom) -> None:
        """Handle the death of another worker's agent."""
        self._recover(left.room, dead=left.agent, dead_dispatch=left.dispatch)

    async def aclose(self) -> None:
        """Cancel the running recoveries when the worker ends."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def _recover(self, room: str, *, dead: str = "", dead_dispatch: str = "", metadata: str = "") -> None:
        if room in self._running or dead in self._handled or self._settings.room_owner == "liveavatar":
            return
        if dead:
            self._handled.append(dead)
        if self._limits.take(room, self._clock()):
            logger.error("the agents of a room die one after the other; it gets no more", extra={"room": room})
            return
        bringing = bring_agent_back(self._settings, room, dead=dead, dead_dispatch=dead_dispatch, metadata=metadata)
        task = self._running[room] = asyncio.create_task(bringing, name="recovery")
        task.add_done_callback(lambda _: self._running.pop(room))

"""The core on the event loop: its one timer, its events, and its commands for whoever carries them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

from avatar.core import AvatarProtocol, Command, Event

logger = logging.getLogger("avatar")

C = TypeVar("C", bound=Command)


class Playback:
    """One core for a whole call; connections and voices come and go.

    Args:
        core: Between the calls of `act` it is touched by nobody else.
        on_event: Called with each event, in order, in the event loop. What it raises is logged: the others go on.
    """

    def __init__(self, core: AvatarProtocol, on_event: Callable[[Event], None]) -> None:
        self.core = core
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._waiting: set[asyncio.Event] = set()

    def act(self, step: Callable[[float], None]) -> None:
        """Let the core take a step at the present time, and carry on with what came of it."""
        step(self._loop.time())
        self._settle()
        self._wake()

    async def commands(self, pull: Callable[[float], C | None]) -> AsyncGenerator[C, None]:
        """The commands that `pull` gives, each at the moment it is due; without end."""
        work = asyncio.Event()
        work.set()
        self._waiting.add(work)
        try:
            while True:
                await work.wait()
                work.clear()
                while (command := pull(self._loop.time())) is not None:
                    self._settle()  # whoever carries the command may take long
                    yield command
                self._settle()
        finally:
            self._waiting.discard(work)

    def aclose(self) -> None:
        """There will be nobody who speaks any more: everything captured is finished, and no timer is left."""
        self.act(self.core.close)
        if self._timer is not None:
            self._timer.cancel()

    def _settle(self) -> None:
        for event in self.core.events():
            try:
                self._on_event(event)
            except Exception:
                logger.exception("a handler of %s failed", type(event).__name__)
        timeout_at = self.core.next_timeout()
        if timeout_at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = timeout_at
        self._timer = None if timeout_at is None else self._loop.call_at(timeout_at, self._on_timer)

    def _on_timer(self) -> None:
        # A timer may fire a little early; the core is told the time that it asked for.
        now = max(self._loop.time(), self._timer_at or 0.0)
        self._timer = self._timer_at = None
        self.core.handle_timeout(now)
        self._settle()
        self._wake()

    def _wake(self) -> None:
        for work in self._waiting:
            work.set()

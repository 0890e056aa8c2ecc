"""The driver of the machine on the event loop: its timer, events, actions, and commands for the sinks."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from avatar.core import Action, AvatarMachine, Command, Event, Interrupt, Speak, SpeakEnd, Word

logger = logging.getLogger("avatar")

C = TypeVar("C", bound=Command)


class Driver:
    """The driver of one machine for a whole call.

    Facts are reported inside `step`. Events are dispatched and actions carried out one at a time, in order; a handler
    that reports a fact is never called recursively.

    Args:
        machine: The machine; other code reports facts to it only inside `step`.
        on_event: Called with each event in the event loop. An exception in it is logged, and the next event follows.
        on_action: Called with each action; it starts the work and returns.
    """

    def __init__(
        self, machine: AvatarMachine, on_event: Callable[[Event], None], on_action: Callable[[Action], None]
    ) -> None:
        self.machine = machine
        self._on_event = on_event
        self._on_action = on_action
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._timer_is_due = False
        self._is_dispatching = False
        self._senders: set[asyncio.Event] = set()
        self._is_over = asyncio.Event()
        # Speech that the machine has not got yet, the time of its last frame, and how many bytes more may wait.
        self._waiting: list[bytes] = []
        self._waiting_words: list[Word] = []
        self._waiting_at = self._now
        self._may_wait = 0

    @property
    def now(self) -> float:
        """The event loop's time, but never earlier than a timer's time, as a timer may fire a little early."""
        self._now = max(self._now, self._loop.time())
        return self._now

    @contextmanager
    def step(self) -> Iterator[float]:
        """Report facts to the machine: yields `now`, and afterwards carries out the results."""
        self._capture()
        yield self.now
        self.carry_on()

    def push_audio(self, pcm: bytes, words: Sequence[Word]) -> None:
        """Take speech. Most frames wait here, at little cost, until the machine can use them or does anything else."""
        self._waiting.append(pcm)
        self._waiting_words += words
        self._waiting_at = self._loop.time()
        self._may_wait -= len(pcm)
        if self._may_wait <= 0:
            self.catch_up()

    def catch_up(self) -> None:
        """Let the machine have all speech that was taken."""
        if self._capture():
            self.carry_on()

    def receive_text(self, session: int, text: str) -> None:
        """Handle a text frame of the service; most are acknowledgements, which change nothing."""
        self.catch_up()
        if self.machine.receive_text(session, text, self.now):
            self.carry_on()

    def session_commands(self, number: int) -> AsyncGenerator[Command, None]:
        """Yield the commands for a session, each when it is due; without end."""
        return self._commands(lambda now: self.machine.next_command(number, now))

    def fallback_commands(self) -> AsyncGenerator[Speak | SpeakEnd | Interrupt, None]:
        """Yield the commands for the fallback track, each when it is due; without end."""
        return self._commands(self.machine.next_fallback_command)

    def carry_on(self) -> None:
        """Dispatch events, carry out actions, set the timer, and let the sinks fetch commands."""
        self._dispatch()
        for sender in self._senders:
            sender.set()
        self._set_timer_soon()
        if self.machine.is_over:
            self._is_over.set()

    async def aclose(self, limit: float) -> None:
        """Close the machine, and wait up to `limit` seconds until it is over; then carry out no more."""
        with self.step() as now:
            self.machine.close(now)
        try:
            async with asyncio.timeout(limit):
                await self._is_over.wait()
        except TimeoutError:
            logger.error("avatar sessions were not confirmed as stopped in time")  # noqa: TRY400 - a sentence
        finally:
            self._is_over.set()
            self._cancel_timer()

    async def _commands(self, pull: Callable[[float], C | None]) -> AsyncGenerator[C, None]:
        work = asyncio.Event()
        work.set()
        self._senders.add(work)
        try:
            while True:
                await work.wait()
                work.clear()
                while (command := self._pull(pull)) is not None:
                    self._dispatch()
                    self._set_timer_soon()
                    # The sink may take long to carry it out.
                    yield command
        finally:
            self._senders.discard(work)

    def _pull(self, pull: Callable[[float], C | None]) -> C | None:
        self.catch_up()
        self._may_wait = 0
        return pull(self.now)

    def _capture(self) -> bool:
        """Pass speech that waits on to the machine, and return whether something may be due."""
        if not self._waiting:
            return False
        pcm, words = b"".join(self._waiting), self._waiting_words
        self._waiting, self._waiting_words = [], []
        may_be_due = self.machine.push_audio(pcm, max(self._now, self._waiting_at), words)
        self._may_wait = self.machine.unneeded_bytes
        return may_be_due

    def _dispatch(self) -> None:
        if self._is_dispatching:
            # A handler has reported a fact: the loop that called the handler continues with its results.
            return
        self._is_dispatching = True
        try:
            while self._dispatch_one():
                pass
        finally:
            self._is_dispatching = False

    def _dispatch_one(self) -> bool:
        if (event := self.machine.next_event()) is not None:
            try:
                self._on_event(event)
            except Exception:
                logger.exception("a handler of an avatar event failed", extra={"event": type(event).__name__})
            return True
        if (action := self.machine.next_action()) is not None:
            if not self._is_over.is_set():
                self._on_action(action)
            return True
        return False

    def _set_timer_soon(self) -> None:
        """Set the timer once for everything in this turn of the loop: `next_timeout` is not cheap."""
        self._may_wait = 0
        if not self._timer_is_due:
            self._timer_is_due = True
            self._loop.call_soon(self._set_timer)

    def _set_timer(self) -> None:
        self._timer_is_due = False
        self.catch_up()
        timeout_at = None if self._is_over.is_set() else self.machine.next_timeout()
        if timeout_at == self._timer_at:
            return
        self._cancel_timer()
        self._timer_at = timeout_at
        self._timer = None if timeout_at is None else self._loop.call_at(timeout_at, self._on_timer)

    def _on_timer(self) -> None:
        self._capture()
        # A timer may fire a little early; the machine gets the time that it had asked for.
        self._now = max(self.now, self._timer_at or 0.0)
        self._timer = self._timer_at = None
        self.machine.handle_timeout(self._now)
        self.carry_on()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timer_at = None

"""A machine on the event loop whose sessions start and stop at once: the base of the other executors' tests."""

import asyncio
from collections.abc import Callable
from typing import Any

from avatar.core import (
    Action,
    AvatarMachine,
    Event,
    PlaybackFinished,
    Refusal,
    SessionLeft,
    SocketDropped,
    StartSession,
    StopSession,
)
from avatar.link.driver import Driver

CONNECTED = '{"type": "session.state_updated", "state": "connected"}'


class PromptCall:
    """A machine and its driver; actions about sessions are carried out here, others by the executor under test.

    Args:
        carry_out: Called with each other action.
        refusal: Why there is no session; None if there is one.
        options: Options of the machine.

    Attributes:
        machine: The call's machine.
        driver: The machine's driver.
        events: All events that were dispatched.
    """

    def __init__(self, carry_out: Callable[[Action], None], *, refusal: Refusal | None = None, **options: Any) -> None:
        self.machine = AvatarMachine("la", asyncio.get_running_loop().time(), **options)
        self.events: list[Event] = []
        self._carry_out = carry_out
        self._refusal = refusal
        self.driver = Driver(self.machine, self.events.append, self._on_action)

    @property
    def left(self) -> list[str]:
        """Why each session was left."""
        return [event.detail for event in self.events if isinstance(event, SessionLeft)]

    @property
    def dropped(self) -> list[str]:
        """Why each WebSocket was lost whose session continues."""
        return [event.detail for event in self.events if isinstance(event, SocketDropped)]

    @property
    def finished(self) -> list[PlaybackFinished]:
        """Each segment that is over."""
        return [event for event in self.events if isinstance(event, PlaybackFinished)]

    def say(self, pcm: bytes, *, flush: bool = True) -> None:
        """Capture speech: a whole segment, or the beginning of one."""
        self.driver.push_audio(pcm, ())
        if flush:
            with self.driver.step() as now:
                self.machine.end_segment(now)

    async def until(self, condition: Callable[[], object], limit: float = 60.0) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(limit):
            while not condition():  # noqa: ASYNC110 - the condition has no event
                await asyncio.sleep(0.01)

    def _on_action(self, action: Action) -> None:
        match action:
            case StartSession(number):
                with self.driver.step() as now:
                    if self._refusal is None:
                        self.machine.session_started(number, f"s-{number}", None, now)
                    else:
                        self.machine.session_refused(number, self._refusal, now)
            case StopSession(number):
                with self.driver.step() as now:
                    self.machine.session_stopped(number, now)
        self._carry_out(action)

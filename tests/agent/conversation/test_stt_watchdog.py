from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from livekit.agents import Agent, AgentSession, APIError, APITimeoutError, TurnHandlingOptions, UserStateChangedEvent
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from agent.conversation.stt_watchdog import SttWatchdog

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

FINAL = SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[SpeechData(language="en", text="hello")])  # type: ignore[arg-type] # a plain string will do
USAGE = SpeechEvent(SpeechEventType.RECOGNITION_USAGE)


class Service:
    """A speech-to-text stream; the test says what comes of it."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[SpeechEvent | APIError | None] = asyncio.Queue()
        self.is_closed = False

    async def events(self) -> AsyncGenerator[SpeechEvent, None]:
        try:
            while (event := await self.coming.get()) is not None:
                if isinstance(event, APIError):
                    raise event
                yield event
        finally:
            self.is_closed = True


class Caller:
    """What voice activity detection tells of the caller, to an attention without patience."""

    def __init__(self) -> None:
        turns = TurnHandlingOptions(turn_detection="manual")
        self.session = AgentSession[None](vad=None, turn_handling=turns)
        self.unheard = 0
        self.attention = SttWatchdog(self.session, self._on_unheard, patience=0.0)

    def _on_unheard(self) -> None:
        self.unheard += 1

    async def speak(self, seconds: float = 1.5, *, understood_by: Service | None = None) -> None:
        """Speak, and wait until words should have come; a service may be quicker than the news of the end."""
        self._change("listening", "speaking", 0.0)
        if understood_by is not None:
            understood_by.coming.put_nowait(FINAL)
            await asyncio.sleep(0.01)
        self._change("speaking", "listening", seconds)
        await asyncio.sleep(0.01)

    def _change(self, old: Any, new: Any, at: float) -> None:
        self.session.emit("user_state_changed", UserStateChangedEvent(old_state=old, new_state=new, created_at=at))


class Watch:
    """A stream that is watched; `given` is what was given on, `error` what it ended with."""

    def __init__(self, caller: Caller, service: Service) -> None:
        self.given: list[SpeechEvent] = []
        self.error: APIError | None = None
        self._service = service
        self._taking = asyncio.create_task(self._take(caller.attention.watch(service.events())))

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._service.coming.put_nowait(None)
        await self._taking

    async def _take(self, events: AsyncGenerator[SpeechEvent, None]) -> None:
        try:
            async for event in events:
                self.given += [event]
        except APIError as error:
            self.error = error


async def test_events_are_given_on_until_the_end() -> None:
    """A stream that ends ends the watch, and is closed."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        for event in (USAGE, FINAL):
            service.coming.put_nowait(event)

    assert watch.given == [USAGE, FINAL]
    assert service.is_closed


async def test_a_service_that_is_silent_twice_has_failed() -> None:
    """The second speech without a word ends the stream with an error, and is told."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        await caller.speak()
        assert caller.unheard == 0
        await caller.speak()

    assert caller.unheard == 1
    assert isinstance(watch.error, APITimeoutError)
    assert service.is_closed


async def test_a_caller_who_says_it_again_at_once_is_counted_twice() -> None:
    """The second speech does not take back the first."""
    caller, service = Caller(), Service()
    caller.attention._patience = 0.05
    async with Watch(caller, service) as watch:
        await caller.speak()
        await caller.speak()
        assert caller.unheard == 0
        await asyncio.sleep(0.1)

    assert caller.unheard == 1
    assert isinstance(watch.error, APITimeoutError)


async def test_words_between_two_noises_keep_the_service() -> None:
    """What counts is two in a row; and neither a cough nor news without words is an answer or a question."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        await caller.speak()
        service.coming.put_nowait(FINAL)
        await asyncio.sleep(0.01)
        await caller.speak()
        for _ in range(5):
            await caller.speak(seconds=0.4)

    assert watch.given == [FINAL]
    assert (caller.unheard, watch.error) == (0, None)


async def test_a_service_that_failed_is_told_of_when_it_is_missed() -> None:
    """An outage is nothing to the caller until the first speech in vain; words end it."""
    caller, service = Caller(), Service()
    lost = APIError("lost")
    service.coming.put_nowait(lost)
    async with Watch(caller, service) as outage:
        assert caller.unheard == 0
        await caller.speak()
        assert caller.unheard == 1
    again = Service()
    again.coming.put_nowait(FINAL)
    async with Watch(caller, again) as watch:
        await caller.speak()

    assert outage.error is lost
    assert watch.given == [FINAL]
    assert caller.unheard == 1


async def test_a_session_that_ended_is_not_judged() -> None:
    """Nobody waits for words any more."""
    caller = Caller()
    await caller.session.start(Agent(instructions=""))
    caller.attention._patience = 0.05
    caller.attention._has_failed = True
    await caller.speak()
    await caller.session.aclose()
    await asyncio.sleep(0.1)

    assert caller.unheard == 0


async def test_words_that_come_before_the_end_of_the_speech_are_its_answer() -> None:
    """Voice activity detection waits half a second before it says that a speech is over; a noise may follow it."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        await caller.speak(understood_by=service)
        await caller.speak()

    assert (watch.error, caller.unheard) == (None, 0)

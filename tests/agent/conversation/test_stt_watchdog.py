from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import pytest
from livekit.agents import Agent, AgentSession, APIError, APITimeoutError, TurnHandlingOptions, UserStateChangedEvent
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from agent.conversation.stt_watchdog import SttWatchdog

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

FINAL = SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[SpeechData(language="en", text="hello")])  # type: ignore[arg-type] # a plain string will do
USAGE = SpeechEvent(SpeechEventType.RECOGNITION_USAGE)
STARTED = SpeechEvent(SpeechEventType.START_OF_SPEECH)


class Service:
    """A speech-to-text stream whose events the test sends."""

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
    """A caller whose speech voice activity detection reports, to a watchdog without patience."""

    def __init__(self) -> None:
        turns = TurnHandlingOptions(turn_detection="manual")
        self.session = AgentSession[None](vad=None, turn_handling=turns)
        self.unheard = 0
        self.watchdog = SttWatchdog(self.session, self._on_unheard, patience=0.0)

    def _on_unheard(self) -> None:
        self.unheard += 1

    async def speak(
        self,
        seconds: float = 1.5,
        *,
        understood_by: Service | None = None,
        reaction: Callable[[], None] | None = None,
    ) -> None:
        """Speak, and wait until words should have come; the service may react before the end of speech is reported."""
        self._change("listening", "speaking", 0.0)
        if understood_by is not None:
            understood_by.coming.put_nowait(FINAL)
            await asyncio.sleep(0.01)
        if reaction is not None:
            reaction()
            await asyncio.sleep(0.01)
        self._change("speaking", "listening", seconds)
        await asyncio.sleep(0.01)

    def _change(self, old: Any, new: Any, at: float) -> None:
        self.session.emit("user_state_changed", UserStateChangedEvent(old_state=old, new_state=new, created_at=at))


class Watch:
    """A watched stream; `given` has the events that were passed on, `error` the error that ended it."""

    def __init__(self, caller: Caller, service: Service, *, reports_messages: bool = False) -> None:
        self.given: list[SpeechEvent] = []
        self.error: APIError | None = None
        self._service = service
        events = caller.watchdog.watch(service.events(), reports_messages=reports_messages)
        self._taking = asyncio.create_task(self._take(events))

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


async def test_events_are_passed_on_until_the_end() -> None:
    """A stream that ends also ends the watch, and is closed."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        for event in (USAGE, FINAL):
            service.coming.put_nowait(event)

    assert watch.given == [USAGE, FINAL]
    assert service.is_closed


async def test_a_service_that_is_silent_twice_has_failed() -> None:
    """The second speech without a word ends the stream with an error, and is reported."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        await caller.speak()
        assert caller.unheard == 0
        await caller.speak()

    assert caller.unheard == 1
    assert isinstance(watch.error, APITimeoutError)
    assert service.is_closed


async def test_speech_that_is_repeated_at_once_counts_twice() -> None:
    """The second speech does not cancel the first."""
    caller, service = Caller(), Service()
    caller.watchdog._patience = 0.05
    async with Watch(caller, service) as watch:
        await caller.speak()
        await caller.speak()
        assert caller.unheard == 0
        await asyncio.sleep(0.1)

    assert caller.unheard == 1
    assert isinstance(watch.error, APITimeoutError)


async def test_words_between_two_noises_keep_the_service() -> None:
    """Only two in a row count, and a cough is not speech."""
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


@pytest.mark.parametrize("event", [STARTED, USAGE, SpeechEvent(SpeechEventType.END_OF_SPEECH)])
async def test_a_service_that_reacts_to_noise_is_not_silent(event: SpeechEvent) -> None:
    """Even after six noises without a word the stream stays, and the caller gets no message."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        for _ in range(6):
            await caller.speak(reaction=lambda: service.coming.put_nowait(event))

    assert (caller.unheard, watch.error) == (0, None)
    assert watch.given == [event] * 6


async def test_a_message_of_the_service_is_a_reaction_and_a_report_of_usage_is_not() -> None:
    """Usage counts as a reaction only if messages are not reported, as a plugin also counts audio it could not send."""
    caller, service = Caller(), Service()
    async with Watch(caller, service, reports_messages=True) as watch:
        for _ in range(4):
            await caller.speak(reaction=caller.watchdog.note_reaction)
        assert (caller.unheard, watch.error) == (0, None)
        for _ in range(2):
            await caller.speak(reaction=lambda: service.coming.put_nowait(USAGE))

    assert caller.unheard == 1
    assert isinstance(watch.error, APITimeoutError)


async def test_a_caller_is_informed_once_however_long_the_service_is_silent() -> None:
    """Each stream ends after two speeches, so that another connection is tried; the message is not repeated."""
    caller = Caller()
    watches = []
    for _ in range(3):
        async with Watch(caller, Service()) as watch:
            await caller.speak()
            await caller.speak()
        watches.append(watch)
    assert [type(watch.error) for watch in watches] == [APITimeoutError] * 3
    assert caller.unheard == 1

    service = Service()
    async with Watch(caller, service):
        await caller.speak(understood_by=service)
    async with Watch(caller, Service()):
        await caller.speak()
        await caller.speak()
    assert caller.unheard == 2


async def test_a_failure_is_reported_when_the_caller_speaks() -> None:
    """The caller learns of an outage with their first speech; words end it."""
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


async def test_an_ended_session_is_not_watched() -> None:
    """No words are expected after its end."""
    caller = Caller()
    await caller.session.start(Agent(instructions=""))
    caller.watchdog._patience = 0.05
    caller.watchdog._has_failed = True
    await caller.speak()
    await caller.session.aclose()
    await asyncio.sleep(0.1)

    assert caller.unheard == 0


async def test_words_before_the_reported_end_of_speech_belong_to_it() -> None:
    """Voice activity detection reports the end half a second late, and a noise may follow."""
    caller, service = Caller(), Service()
    async with Watch(caller, service) as watch:
        await caller.speak(understood_by=service)
        await caller.speak()

    assert (watch.error, caller.unheard) == (None, 0)

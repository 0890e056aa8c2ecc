"""Failed speech-to-text is connected again, without a flood of attempts, events and log lines."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentSession,
    APIConnectionError,
    APIError,
    APIStatusError,
    TurnHandlingOptions,
    UserStateChangedEvent,
    stt,
)
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, NotGivenOr
from livekit.agents.voice.io import AudioInput

from agent.control.failures import Failures
from agent.conversation.apology import Apology
from agent.conversation.frames import Frames
from agent.conversation.hearing import Hearing
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.stt_watchdog import SttWatchdog
from agent.persona import Persona

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

    from agent.control.events import FailureEvent

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

FINAL = SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[SpeechData(language="en", text="hello")])  # type: ignore[arg-type] # a plain string will do
LOST = APIConnectionError("lost")
REFUSED = APIStatusError("Invalid response status", status_code=400)


def frame(number: int) -> rtc.AudioFrame:
    """Make a frame of 0.1 s with this number."""
    return rtc.AudioFrame(number.to_bytes(2, "little") * 1600, 16_000, 1, 1600)


def number_of(heard: rtc.AudioFrame) -> int:
    """Return the number of a frame."""
    return int(heard.data[0])


class Microphone:
    """A microphone that gives frames when the test says so."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()
        self._count = 0

    def speak(self, frames: int = 1) -> None:
        """Give some frames."""
        for _ in range(frames):
            self._count += 1
            self._frames.put_nowait(frame(self._count))

    def end(self) -> None:
        """Give no more frames."""
        self._frames.put_nowait(None)

    async def frames(self) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Yield the frames as the framework does."""
        while (given := await self._frames.get()) is not None:
            yield given


async def test_a_cancelled_reader_loses_no_frame() -> None:
    """The next reader gets the frame that the cancelled one waited for."""
    microphone = Microphone()
    frames = Frames(microphone.frames())
    reader = asyncio.create_task(anext(frames))
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    microphone.speak(2)
    microphone.end()

    assert [number_of(each) async for each in frames] == [1, 2]


async def test_the_last_two_seconds_are_kept_while_no_stream_is_open() -> None:
    """Older audio is dropped, so that it is not answered late."""
    microphone, until = Microphone(), asyncio.Event()
    frames = Frames(microphone.frames())
    microphone.speak(50)
    skipping = asyncio.create_task(frames.skip(10, until))
    await asyncio.sleep(0.1)
    until.set()
    await skipping
    microphone.end()

    kept = [number_of(each) async for each in frames]
    assert kept[-1] == 50
    assert len(kept) == pytest.approx(20, abs=1)


async def test_a_wait_ends_without_frames() -> None:
    """The wait takes its time with a microphone that is off, and after the end of the audio."""
    microphone = Microphone()
    frames = Frames(microphone.frames())
    await frames.skip(0.01, asyncio.Event())
    microphone.end()
    await frames.skip(0.01, asyncio.Event())

    assert [each async for each in frames] == []
    frames.close()


class Service:
    """A service that follows a script across its streams, and then listens until the audio ends."""

    def __init__(self, *script: APIError | SpeechEvent) -> None:
        self.script = list(script)
        self.streams = 0
        self.heard: list[int] = []

    async def connect(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncGenerator[SpeechEvent, None]:
        self.streams += 1
        while self.script:
            step = self.script.pop(0)
            if isinstance(step, APIError):
                raise step
            yield step
        async for each in frames:
            self.heard.append(number_of(each))


def watchdog() -> tuple[AgentSession[Any], SttWatchdog]:
    """Return a session and its watchdog."""
    session = AgentSession[None](vad=None, turn_handling=TurnHandlingOptions(turn_detection="manual"))
    return session, SttWatchdog(session, lambda: None)


async def given(hearing: Hearing, microphone: Microphone, service: Service) -> list[SpeechEvent]:
    """Return all events until the audio ends."""
    async with aclosing(hearing.events(microphone.frames(), service.connect, None)) as events:
        return [event async for event in events]


async def test_a_service_that_fails_is_connected_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next stream hears what was said meanwhile; the log has one warning, and one message when it works again."""
    monkeypatch.setattr("agent.conversation.hearing._AFTER_FAILURE", (0.01, 0.01))
    microphone, service = Microphone(), Service(LOST, LOST, FINAL)
    microphone.speak(3)
    microphone.end()
    with caplog.at_level(logging.INFO, "agent"):
        events = await given(Hearing(watchdog()[1], "en"), microphone, service)

    assert events == [FINAL]
    assert (service.streams, service.heard) == (3, [1, 2, 3])
    assert [record.message for record in caplog.records] == ["speech-to-text failed", "speech-to-text works again"]


async def test_a_caller_who_speaks_causes_a_connection_at_once() -> None:
    """The next attempt does not wait for the backoff."""
    session, watch = watchdog()
    microphone, service = Microphone(), Service(LOST, LOST, LOST, LOST, FINAL)
    hearing = asyncio.create_task(given(Hearing(watch, "en"), microphone, service))
    async with asyncio.timeout(5):
        for streams in range(1, 6):
            while service.streams < streams:
                await asyncio.sleep(0.01)
                changed = UserStateChangedEvent(old_state="listening", new_state="speaking", created_at=0.0)
                session.emit("user_state_changed", changed)
    microphone.end()

    assert await hearing == [FINAL]


async def test_a_refused_request_is_not_repeated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused language stays refused, so a caller who speaks does not shorten the backoff."""
    monkeypatch.setattr("agent.conversation.hearing._AFTER_REFUSAL", (0.1, 0.4))
    session, watch = watchdog()
    microphone, service = Microphone(), Service(*[REFUSED] * 50)
    hearing = asyncio.create_task(given(Hearing(watch, "en"), microphone, service))
    for _ in range(50):
        session.emit(
            "user_state_changed", UserStateChangedEvent(old_state="listening", new_state="speaking", created_at=0.0)
        )
        await asyncio.sleep(0.01)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)

    assert 1 < service.streams <= 4


class Refusing(stt.STT[Any]):
    """A service that refuses each stream, as Deepgram does for a language that the model can't hear."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.streams = 0

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> RefusedStream:
        self.streams += 1
        return RefusedStream(stt=self, conn_options=conn_options)

    async def _recognize_impl(self, *_: Any, **__: Any) -> SpeechEvent:
        raise NotImplementedError


class RefusedStream(stt.RecognizeStream):
    async def _run(self) -> None:
        raise REFUSED


class Silence(AudioInput):
    """A silent microphone."""

    def __init__(self) -> None:
        super().__init__(label="silence")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(0.01)
        return frame(0)


@asynccontextmanager
async def refused_call(service: Refusing, told: list[FailureEvent]) -> AsyncIterator[None]:
    """Start a call whose caller can't be heard."""
    turns = TurnHandlingOptions(turn_detection="manual")
    session = AgentSession[None](stt=service, vad=None, turn_handling=turns)
    failures = Failures(session, told.append)
    apology = Apology(session, "Sorry.")
    agent: Agent = PersonaAgent(
        Persona(name="Ada", instructions="x"),
        [],
        session,
        apology=apology,
        stt_watchdog=SttWatchdog(session, lambda: failures.tell("hearing")),
        on_first_token=lambda: None,
        on_first_audio=lambda: None,
        on_failure=failures.tell,
    )
    session.input.audio = Silence()
    await session.start(agent)
    try:
        yield
    finally:
        await session.aclose()


async def test_a_refused_language_is_reported_once_and_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The framework alone tries again twice a second, with a traceback each time."""
    service = Refusing()
    told: list[FailureEvent] = []
    async with refused_call(service, told):
        await asyncio.sleep(1.5)
    lines = sum(len(logging.Formatter().format(record).splitlines()) for record in caplog.records)
    ours = [record for record in caplog.records if record.name == "agent"]

    assert service.streams == 1
    assert [event.source for event in told] == ["hearing"]
    (record,) = ours
    assert (record.levelname, vars(record)["status"], vars(record)["language"]) == ("ERROR", 400, "en")
    assert lines < 20

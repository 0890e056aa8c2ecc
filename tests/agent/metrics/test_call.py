"""The metrics of one call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc
from livekit.agents import Agent, APIStatusError, ErrorEvent, UserStateChangedEvent
from livekit.agents.llm import LLMError

from agent.control.waterfall import Turn
from agent.conversation.tools import end_call
from agent.metrics.call import CallMetrics
from avatar.core import (
    Refusal,
    ServiceFault,
    SessionLeft,
    SessionRefused,
    SessionStarted,
    SessionStopped,
    Sink,
    SocketDropped,
    StopFailed,
)
from tests.agent.call.call_fakes import CLIENT, OPENING, staged
from tests.agent.control.fakes import CalledSession
from tests.agent.speech.speech_fakes import Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from avatar.core import Event

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

STORY, SHORT = "A long story.", "Yes."
VOICE = {STORY: Line(20.0, 1), SHORT: Line(0.3, 2)}


class Callers(rtc.EventEmitter[Literal["changed"]]):
    """A room that is empty until a caller joins."""

    is_there = False

    def come(self) -> None:
        self.is_there = True
        self.emit("changed")


class Avatar(rtc.EventEmitter[Literal["core_event"]]):
    """An avatar that emits the events that the test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.sink: Sink | None = None
        self.has_joined = asyncio.Event()

    async def wait_for_join(self, *, timeout: float | None) -> None:  # noqa: ASYNC109 - the framework's signature
        await self.has_joined.wait()

    def tell(self, *events: Event, sink: Sink | None = Sink.AVATAR) -> None:
        self.sink = sink
        for event in events:
            self.emit("core_event", event)


@pytest.fixture
async def session() -> AsyncIterator[CalledSession]:
    """Make a session that is not started."""
    session = CalledSession(voice=ScriptedTTS(VOICE))
    async with session:
        yield session


async def test_a_call_is_active_from_its_start_to_its_end(
    session: CalledSession, counted: Callable[..., float]
) -> None:
    """The reason of its end is a label."""
    metrics = CallMetrics(session, Callers())
    assert (counted("calls_started_total"), counted("calls_active")) == (1, 1)
    metrics.end("the caller has left")

    assert (counted("calls_active"), counted("calls_ended_total", reason="the caller has left")) == (0, 1)


async def test_a_stage_is_measured_from_the_one_before(session: CalledSession, counted: Callable[..., float]) -> None:
    """A turn is reported at every stage; each stage counts once, and the whole answer when it is heard."""
    metrics = CallMetrics(session, Callers())
    stages: dict[Any, float] = {"transcript": 0.25, "first_token": 0.75}
    metrics.turn(Turn(1, "speech", dict(stages)))
    stages |= {"first_audio": 1.0}
    metrics.turn(Turn(1, "speech", dict(stages)))
    metrics.turn(Turn(2, "text", {"first_token": 0.5}))
    stages |= {"speaking": 3.0}
    metrics.turn(Turn(1, "speech", dict(stages)))
    metrics.end("the job ends")

    assert counted("turn_stage_seconds_sum", stage="transcript") == 0.25
    assert counted("turn_stage_seconds_count", stage="first_token") == 2
    assert counted("turn_stage_seconds_sum", stage="first_token") == 1.0
    assert counted("turn_stage_seconds_sum", stage="first_audio") == 0.25
    assert counted("turn_stage_seconds_sum", stage="speaking") == 2.0
    assert counted("response_seconds_sum", by="speech") == 3.0
    assert counted("response_seconds_count", by="text") == 0


async def test_a_barge_in_is_measured_and_a_natural_end_is_not(
    session: CalledSession, counted: Callable[..., float]
) -> None:
    """A caller who speaks during the agent's last words has not interrupted it."""
    metrics = CallMetrics(session, Callers())
    await session.start(Agent(instructions=""))
    speaks = UserStateChangedEvent(old_state="listening", new_state="speaking")
    for text in (SHORT, STORY):
        said = session.say(text)
        while session.agent_state != "speaking":  # noqa: ASYNC110 - the state has no event to wait for
            await asyncio.sleep(0.01)
        session.emit("user_state_changed", speaks)
        if text is STORY:
            session.interrupt()
        await said
    metrics.end("the job ends")

    assert counted("barge_in_seconds_count") == 1


async def test_seconds_count_for_the_present_sink(
    session: CalledSession, counted: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count from the caller's join; a dropped socket means silence until the fallback track speaks."""
    now = [100.0]
    monkeypatch.setattr("agent.metrics.call._now", lambda: now[0])
    callers, avatar = Callers(), Avatar()
    metrics = CallMetrics(session, callers)
    metrics.watch(avatar)
    now[0] = 110.0
    callers.come()
    for passed, sink in ((2.0, Sink.AVATAR), (30.0, None), (1.0, Sink.FALLBACK), (10.0, Sink.AVATAR)):
        now[0] += passed
        avatar.tell(SocketDropped(1, "why"), sink=sink)
    now[0] += 5.0
    metrics.end("the caller has left")

    assert counted("sink_seconds_total", sink="silent") == 3.0
    assert counted("sink_seconds_total", sink="avatar") == 35.0
    assert counted("sink_seconds_total", sink="fallback") == 10.0
    assert counted("avatar_connections_lost_total") == 4


async def test_sessions_of_the_avatar_are_counted(session: CalledSession, counted: Callable[..., float]) -> None:
    """An unconfirmed stop may cost money, and is counted; a refusal counts as LiveAvatar's error."""
    avatar = Avatar()
    metrics = CallMetrics(session, Callers())
    metrics.watch(avatar)
    avatar.tell(
        SessionRefused(Refusal.NO_SLOT, "all in use", 0.5),
        SessionStarted(1, "an-id"),
        ServiceFault(1, "error/video_starvation", "words"),
        SessionLeft(1, "the service ended the session: words", failed=True),
        StopFailed(1),
        SessionStopped(1),
    )
    metrics.end("the job ends")

    names = ("avatar_sessions_started_total", "avatar_sessions_stopped_total", "avatar_stops_failed_total")
    assert [counted(name) for name in names] == [1, 1, 1]
    assert counted("avatar_sessions_left_total", reason="the service ended the session") == 1
    assert counted("vendor_errors_total", vendor="liveavatar", status="no_slot") == 1
    assert counted("vendor_errors_total", vendor="liveavatar", status="fault") == 1


async def test_an_error_of_the_session_counts_for_its_vendor(
    session: CalledSession, counted: Callable[..., float]
) -> None:
    """An error that a retry recovers from counts as well."""
    metrics = CallMetrics(session, Callers())
    error = LLMError(timestamp=0.0, label="llm", error=APIStatusError("words", status_code=429), recoverable=True)
    session.emit("error", ErrorEvent(error=error, source=None))
    metrics.end("the job ends")

    assert counted("vendor_errors_total", vendor="openai", status="429") == 1


async def test_the_first_frame_counts_from_the_callers_join(
    session: CalledSession, counted: Callable[..., float]
) -> None:
    """It is measured once per call, also if more callers join, and not if the call ends before."""
    callers, avatar = Callers(), Avatar()
    metrics = CallMetrics(session, callers)
    metrics.watch(avatar)
    callers.come()
    await asyncio.sleep(0)
    assert counted("join_to_first_frame_seconds_count") == 0
    avatar.has_joined.set()
    callers.come()
    for _ in range(3):
        await asyncio.sleep(0)
    metrics.end("the job ends")

    assert counted("join_to_first_frame_seconds_count") == 1


async def test_a_whole_call_is_counted(monkeypatch: pytest.MonkeyPatch, counted: Callable[..., float]) -> None:
    """The call reports its session, its callers, its avatar, its turns and its end."""
    async with staged(monkeypatch, tools=[end_call]) as stage:
        await stage.call.start()
        await stage.shows("live")
        stage.room.come(CLIENT, microphone=True)
        await stage.has_said(OPENING)
        stage.room.leave(CLIENT)
        await stage.has_ended()

    assert (counted("calls_started_total"), counted("calls_active")) == (1, 0)
    assert counted("calls_ended_total", reason="the caller has left") == 1
    assert counted("response_seconds_count", by="opening") == 1
    assert counted("join_to_first_word_seconds_count") == 1
    assert counted("avatar_sessions_started_total") == counted("avatar_sessions_stopped_total") == 1
    assert counted("sink_seconds_total", sink="avatar") > 0

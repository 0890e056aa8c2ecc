"""An avatar that is closed while it speaks: the conversation keeps what was heard, and the service stops."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.io import PlaybackFinishedEvent, TextOutput

from avatar.closing import interrupt_speech
from tests.avatar.virtual_call import RATE, VirtualCall, virtual_call

pytestmark = pytest.mark.looptime

TEXT = "one two three four five six seven eight nine ten"
SECONDS = 5.0


class Transcript(TextOutput):
    """A room transcription that drops its text."""

    def __init__(self) -> None:
        super().__init__(label="Room", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        """Take a piece of text."""

    def flush(self) -> None:
        """End a segment."""


async def speech() -> AsyncIterator[rtc.AudioFrame]:
    """Yield five seconds of sound."""
    for _ in range(round(SECONDS * 50)):
        yield rtc.AudioFrame(b"\x10\x20" * (RATE // 50), RATE, 1, RATE // 50)


async def begin_to_say(call: VirtualCall, text: str = TEXT) -> SpeechHandle:
    """Start the agent session, and say a text of five seconds."""
    call.session.output.transcription = Transcript()
    await call.session.start(Agent(instructions="none"))
    call.avatar.sync_transcription()
    await call.is_live()
    return call.session.say(text, audio=speech())


def history(call: VirtualCall) -> list[tuple[str | None, bool]]:
    """Return the agent's messages in the conversation, and whether they were interrupted."""
    return [
        (message.text_content, message.interrupted)
        for message in call.session.history.messages()
        if message.role == "assistant"
    ]


async def test_closed_during_speech_the_conversation_keeps_what_was_heard() -> None:
    """The speech is interrupted at the avatar's position, before its session is stopped."""
    async with virtual_call() as call:
        said = await begin_to_say(call)
        await call.until(lambda: bool(call.heard()))
        await asyncio.sleep(2.0)
        await call.avatar.aclose()
        await said

        [(text, interrupted)] = history(call)

    [report] = call.reports
    assert said.interrupted
    assert interrupted
    assert text is not None
    assert text == TEXT[: len(text)]
    assert 0.2 < len(text) / len(TEXT) < 0.7
    assert report.interrupted
    assert 1.5 < report.playback_position < 2.5


async def test_speech_that_allows_no_interruption_is_cut_too() -> None:
    """Without the avatar nothing plays it; the speech queued after it was not said."""
    async with virtual_call() as call:
        said = await begin_to_say(call)
        said.allow_interruptions = False
        behind = call.session.say("never heard", audio=speech())
        await call.until(lambda: bool(call.heard()))
        await asyncio.sleep(1.0)
        await call.avatar.aclose()
        await said
        await behind

        [(text, interrupted)] = history(call)

    assert interrupted
    assert text != TEXT


async def test_closed_after_its_last_word_nothing_is_interrupted() -> None:
    """Speech that was played to its end is whole in the conversation."""
    async with virtual_call() as call:
        said = await begin_to_say(call)
        await said
        await call.avatar.aclose()

        assert history(call) == [(TEXT, False)]

    assert call.reports == [PlaybackFinishedEvent(SECONDS, interrupted=False, synchronized_transcript=TEXT)]


async def test_the_avatar_is_interrupted_before_its_session_is_stopped() -> None:
    """The service gets the interrupt while it still plays, and then the stop."""
    async with virtual_call() as call:
        await begin_to_say(call)
        await call.until(lambda: bool(call.heard()))
        await asyncio.sleep(1.0)
        await call.avatar.aclose()

    [interrupt] = call.http.sent("agent.interrupt")
    [stopped_at] = call.http.called("stop")
    assert interrupt["at"] <= stopped_at


async def test_audio_captured_without_the_framework_is_cut_too() -> None:
    """Audio that was captured outside of the agent session's speech is finished at its played position."""
    async with virtual_call() as call:
        await call.say(5.0)
        await call.until(lambda: bool(call.heard()))
        await asyncio.sleep(1.0)
        await call.avatar.aclose()

    [report] = call.reports
    assert report.interrupted
    assert 0.5 < report.playback_position < 1.5


async def test_an_agent_session_continues_without_its_avatar() -> None:
    """Speech after the end is not awaited: nothing plays it."""
    async with virtual_call() as call:
        said = await begin_to_say(call)
        await call.until(lambda: bool(call.heard()))
        await call.avatar.aclose()
        await said
        began = call.now
        await call.session.say("later", audio=speech())

        assert call.now - began < 1.0


class Stubborn:
    """An agent session that can't be interrupted.

    Args:
        failure: The error that an interruption raises; None if it never ends.
    """

    def __init__(self, failure: Exception | None) -> None:
        self._failure = failure

    def interrupt(self, *, force: bool) -> asyncio.Future[None]:
        assert force
        if self._failure is not None:
            raise self._failure
        return asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    "failure", [None, RuntimeError("not running"), LookupError("a mistake")], ids=["hangs", "does not run", "fails"]
)
async def test_a_framework_that_does_not_interrupt_does_not_keep_the_avatar(failure: Exception | None) -> None:
    """The session is billed until it is stopped: the interruption gets half a second."""
    began = asyncio.get_running_loop().time()
    await interrupt_speech(cast("AgentSession[Any]", Stubborn(failure)))

    assert asyncio.get_running_loop().time() - began == (0.5 if failure is None else 0.0)

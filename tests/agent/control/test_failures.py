from __future__ import annotations

import time
from typing import TYPE_CHECKING

from livekit.agents import APIConnectionError, ErrorEvent, UserInputTranscribedEvent, llm, stt, tts

from agent.control.failures import MESSAGES, Failures
from tests.agent.control.fakes import CalledSession

if TYPE_CHECKING:
    import pytest

    from agent.control.events import FailureEvent


def failures() -> tuple[CalledSession, Failures, list[FailureEvent]]:
    """Return a session, the `Failures` that watch it, and the events that were sent."""
    told: list[FailureEvent] = []
    session = CalledSession()
    return session, Failures(session, told.append), told


async def test_a_final_failure_is_reported_in_words_for_the_caller() -> None:
    """The sentence depends on the part that failed; recoverable errors and the vendor's words are never sent."""
    session, _, told = failures()
    lost = APIConnectionError("api.example.com: a secret")
    for recoverable in (True, False):
        for error in (
            stt.STTError(timestamp=time.time(), label="", error=lost, recoverable=recoverable),
            llm.LLMError(timestamp=time.time(), label="", error=lost, recoverable=recoverable),
            tts.TTSError(timestamp=time.time(), label="", error=lost, recoverable=recoverable),
        ):
            session.emit("error", ErrorEvent(error=error, source=session))

    assert [(each.source, each.message) for each in told] == list(MESSAGES.items())


async def test_the_same_failure_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework and the agent's node both notice it; after a while it is reported again."""
    _, watch, told = failures()
    for _ in range(2):
        watch.tell("thinking")
    watch.tell("speaking")
    assert [each.source for each in told] == ["thinking", "speaking"]
    monkeypatch.setattr("agent.control.failures._AGAIN", 0.0)
    watch.tell("thinking")

    assert [each.source for each in told] == ["thinking", "speaking", "thinking"]


async def test_a_failure_of_hearing_is_reported_once_until_words_are_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is reported once, however many connections fail."""
    session, watch, told = failures()
    monkeypatch.setattr("agent.control.failures._AGAIN", 0.0)
    for _ in range(20):
        watch.tell("hearing")
    assert [each.source for each in told] == ["hearing"]
    words = UserInputTranscribedEvent(transcript="hello", is_final=False, language=None, speaker_id=None)
    session.emit("user_input_transcribed", words)
    watch.tell("hearing")

    assert [each.source for each in told] == ["hearing", "hearing"]

"""The pace at which speech is sent."""

import asyncio

import pytest

from simulators.elevenlabs.speaking import Pace, Voice
from simulators.speech import Speaker, Speech, Word


class OneSecond(Speaker):
    """A speaker that returns one second of silence for any text."""

    async def synthesise(self, text: str, *, voice: str, rate_hz: int = 24000) -> Speech:
        """Return silence without a process."""
        return Speech(bytes(2 * rate_hz), rate_hz, [Word(text, 0.0, 1.0)])


async def test_audio_keeps_the_pace_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first byte waits once; then audio comes at a multiple of real time, sentence after sentence."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds, 3))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    voice = Voice(OneSecond(), "agent", rate_hz=16000, pace=Pace(first_byte=0.4, speed=2.0))

    sizes = [len(chunk.pcm) async for chunk in voice.speak("one")]
    assert sizes == [8000, 8000, 8000, 8000, 8000, 1600]
    assert waits == [0.4, 0.125, 0.125, 0.125, 0.125, 0.125, 0.025]

    waits.clear()
    assert [chunk async for chunk in voice.speak("two")]
    assert waits[0] == 0.125


async def test_alignment_continues_where_the_last_sentence_ended() -> None:
    """A sentence and the pause after it advance the clock of the context."""
    voice = Voice(OneSecond(), "agent", rate_hz=16000, pace=Pace(first_byte=0.0, speed=1e6))
    for text, start in (("one", 0), ("two", 1300)):
        chunks = [chunk async for chunk in voice.speak(text)]
        assert chunks[0].alignment
        assert chunks[0].alignment["charStartTimesMs"] == [start]

"""Turns sentences into audio at the given pace, for the WebSockets and for HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from simulators.elevenlabs.alignment import Alignment, align
from simulators.speech.audio import SAMPLE_BYTES, duration, silence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulators.speech import Speaker

_CHUNK = 0.25  # seconds of audio in one message
_SENTENCE_PAUSE = 0.3  # espeak-ng ends a text without one


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of the stand-in's audio."""

    # Seconds from text to the first audio.
    first_byte: float
    # Multiple of real time at which audio is sent.
    speed: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of speech and the characters that begin in it."""

    pcm: bytes
    alignment: Alignment | None


class Voice:
    """One voice speaking one context: sentences follow each other on one timeline.

    Args:
        speaker: Shared with other contexts.
        name: The speaker's name of the voice.
        rate_hz: Sample rate of the audio.
        pace: The pace of the audio.
    """

    def __init__(self, speaker: Speaker, name: str, *, rate_hz: int, pace: Pace) -> None:
        self._speaker = speaker
        self._name = name
        self._rate_hz = rate_hz
        self._pace = pace
        self._spoken = 0.0

    async def speak(self, sentence: str) -> AsyncIterator[Chunk]:
        """Speak one sentence. Raises `SpeechError`."""
        if self._spoken == 0.0:
            await asyncio.sleep(self._pace.first_byte)
        speech = await self._speaker.synthesise(sentence, voice=self._name, rate_hz=self._rate_hz)
        pcm = speech.pcm + silence(_SENTENCE_PAUSE, self._rate_hz)
        began, self._spoken = self._spoken, self._spoken + duration(pcm, self._rate_hz)
        timing = align(sentence, speech, starts_at=began, ends_at=self._spoken)
        chunk_bytes = SAMPLE_BYTES * round(_CHUNK * self._rate_hz)
        pieces = [pcm[at : at + chunk_bytes] for at in range(0, len(pcm), chunk_bytes)]
        borders_ms = [round(1000 * (began + _CHUNK * index)) for index in range(len(pieces))] + [timing.end_ms]
        for piece, (from_ms, to_ms) in zip(pieces, pairwise(borders_ms), strict=True):
            yield Chunk(piece, timing.between(from_ms, to_ms))
            await asyncio.sleep(duration(piece, self._rate_hz) / self._pace.speed)

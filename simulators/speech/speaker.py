"""Synthesises speech."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import NamedTuple, Self

import numpy as np

from simulators.speech.audio import duration, resample
from simulators.speech.child import ChildProcess
from simulators.speech.frames import Frame
from simulators.speech.voices import load_voices


class Word(NamedTuple):
    """A run of characters without a space, with its times in seconds from the start of the speech."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Speech:
    """A spoken text."""

    # 16 bit, mono.
    pcm: bytes
    rate_hz: int
    # Every word of the text, in order.
    words: list[Word]


class Speaker:
    """espeak-ng in its own process. Safe to use from many tasks; they are served one after the other."""

    def __init__(self) -> None:
        self._voices = load_voices()
        self._child = ChildProcess("simulators.speech.espeak", name="espeak-ng")

    @property
    def pid(self) -> int | None:
        """Process id of espeak-ng."""
        return self._child.pid

    async def start(self) -> None:
        """Start the process. Raises `SpeechError` with the reason when it cannot."""
        await self._child.start()

    async def synthesise(self, text: str, *, voice: str, rate_hz: int = 24000) -> Speech:
        """Speak `text`.

        Args:
            text: Plain text, any length.
            voice: A name in voices.json.
            rate_hz: Sample rate of the answer.

        Raises:
            KeyError: There is no such voice.
            SpeechError: The process is not running and cannot be started again.
        """
        reply = await self._child.ask(Frame({"text": text, "voice": asdict(self._voices[voice])}))
        native_hz = reply.fields["rate_hz"]
        words = _words(text, reply.fields["marks"], duration(reply.payload, native_hz))
        return Speech(resample(reply.payload, native_hz, rate_hz), rate_hz, words)

    async def aclose(self) -> None:
        """End the process."""
        await self._child.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _words(text: str, marks: list[tuple[int, float]], end: float) -> list[Word]:
    """Time every word from espeak's marks, which come for most words, sometimes twice or late."""
    positions, seconds = zip((0, 0.0), *marks, (len(text), end), strict=True)
    order = np.argsort(positions, kind="stable")
    # A later character is never reached earlier.
    times = np.maximum.accumulate(np.asarray(seconds)[order])
    positions_in_order = np.asarray(positions)[order]

    def reached(index: int) -> float:
        return min(end, float(np.interp(index, positions_in_order, times)))

    return [Word(match[0], reached(match.start()), reached(match.end())) for match in re.finditer(r"\S+", text)]

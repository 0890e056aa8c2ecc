"""Recognises speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from simulators.speech.audio import resample
from simulators.speech.child import ChildProcess
from simulators.speech.frames import Frame

_RATE_HZ = 16000  # the acoustic model's own


class RecognisedWord(NamedTuple):
    """A recognised word, with its times in seconds from the start of the audio."""

    text: str
    start: float
    end: float
    # 0 to 1.
    confidence: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """The recognised words of one utterance."""

    # Lower case, no punctuation; empty when nothing was understood.
    text: str
    # Mean confidence of the words, 0 to 1.
    confidence: float
    words: list[RecognisedWord]
    # The language model with the better score: the demo's phrases or general English.
    model: Literal["demo", "open"]


class Recogniser:
    """pocketsphinx in its own process. Safe to use from many tasks; they are served one after the other."""

    def __init__(self) -> None:
        self._child = ChildProcess("simulators.speech.sphinx", name="pocketsphinx")

    @property
    def pid(self) -> int | None:
        """Process id of pocketsphinx."""
        return self._child.pid

    async def start(self) -> None:
        """Load both language models. Raises `SpeechError` with the reason when that fails."""
        await self._child.start()

    async def recognise(self, pcm: bytes, rate_hz: int) -> Recognition:
        """Recognise one utterance of 16-bit mono PCM; cut long audio at its pauses first.

        Raises:
            SpeechError: The process is not running and cannot be started again.
        """
        reply = await self._child.ask(Frame({}, resample(pcm, rate_hz, _RATE_HZ)))
        words = [RecognisedWord(*word) for word in reply.fields["words"]]
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        return Recognition(" ".join(word.text for word in words), confidence, words, reply.fields["model"])

    async def aclose(self) -> None:
        """End the process."""
        await self._child.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

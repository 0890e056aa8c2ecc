"""Turns utterances into transcripts, one recognition at a time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from simulators.deepgram import messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.deepgram.endpointer import Utterance
    from simulators.speech import Recogniser, Recognition

_INTERIM_EVERY = 0.6  # seconds of speech
_PAUSE = 0.12  # seconds of silence that may be the end: a recognition now can serve as the final transcript
_BREATHE = 2.0  # pause before the next interim recognition, as a multiple of the last one's length
_JOBS = 16  # most waiting jobs; beyond that no audio is read


@dataclass(frozen=True, slots=True)
class _Heard:
    utterance: Utterance
    voiced_end: float
    at: float
    took: float
    recognition: Recognition

    def covers(self, utterance: Utterance) -> bool:
        """Return whether nothing was said since."""
        return self.utterance is utterance and self.voiced_end == utterance.voiced_end


class Transcriber:
    """Sends `Results` for one stream, in order; interim ones only while no other recognition runs.

    Args:
        recogniser: Shared with other streams.
        send: Sends a message.
        request_id: The stream's request id.
        interim_results: Whether to send interim results, at least one before each final transcript.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        send: Callable[[messages.Message], Awaitable[None]],
        *,
        request_id: str,
        interim_results: bool,
    ) -> None:
        self._recogniser = recogniser
        self._send = send
        self._request_id = request_id
        self._interim_results = interim_results
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue(_JOBS)
        self._is_busy = False
        self._heard: _Heard | None = None
        self._announced: Utterance | None = None

    async def run(self) -> None:
        """Work until `close`, then finish the waiting jobs and return. Raises `SpeechError`."""
        while job := await self._jobs.get():
            self._is_busy = True
            await job()
            self._is_busy = False

    async def close(self) -> None:
        """Accept no more jobs."""
        await self._jobs.put(None)

    def hear(self, utterance: Utterance) -> None:
        """Recognise the utterance so far, if an interim result is due and no other recognition runs."""
        if self._interim_results and not self._is_busy and self._jobs.empty() and self._is_due(utterance):
            self._jobs.put_nowait(partial(self._interim, utterance))

    async def finish(self, utterance: Utterance, *, speech_final: bool, from_finalize: bool = False) -> None:
        """Recognise a complete utterance; waits while too many others are waiting."""
        await self._jobs.put(partial(self._final, utterance, speech_final, from_finalize))

    async def send(self, message: messages.Message) -> None:
        """Send a message after the waiting transcripts."""
        await self._jobs.put(partial(self._send, message))

    def _is_due(self, utterance: Utterance) -> bool:
        heard = self._heard
        if heard is None or heard.utterance is not utterance:
            return utterance.end - utterance.start >= _INTERIM_EVERY or utterance.silence >= _PAUSE
        if heard.covers(utterance):
            return False
        return utterance.silence >= _PAUSE or utterance.end - heard.at >= max(_INTERIM_EVERY, _BREATHE * heard.took)

    async def _interim(self, utterance: Utterance) -> None:
        recognition = await self._recognise(utterance)
        if recognition.text:
            self._announced = utterance
            await self._send(self._results(utterance, recognition, is_final=False, speech_final=False))

    async def _final(self, utterance: Utterance, speech_final: bool, from_finalize: bool) -> None:  # noqa: FBT001 - by partial
        recognition = await self._recognise(utterance)
        if recognition.text and self._interim_results and self._announced is not utterance:
            await self._send(self._results(utterance, recognition, is_final=False, speech_final=False))
        message = self._results(utterance, recognition, is_final=True, speech_final=speech_final)
        if from_finalize:
            message["from_finalize"] = True
        await self._send(message)

    async def _recognise(self, utterance: Utterance) -> Recognition:
        if self._heard and self._heard.covers(utterance):
            return self._heard.recognition
        voiced_end, at, began = utterance.voiced_end, utterance.end, time.monotonic()
        recognition = await self._recogniser.recognise(bytes(utterance.pcm), utterance.rate_hz)
        self._heard = _Heard(utterance, voiced_end, at, time.monotonic() - began, recognition)
        return recognition

    def _results(
        self, utterance: Utterance, recognition: Recognition, *, is_final: bool, speech_final: bool
    ) -> messages.Message:
        return messages.results(
            utterance, recognition, is_final=is_final, speech_final=speech_final, request_id=self._request_id
        )

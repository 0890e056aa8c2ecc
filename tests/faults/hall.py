"""A listener to all sound in a room: which second of a speech was heard, from which participant, and when."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from livekit import rtc

if TYPE_CHECKING:
    from types import TracebackType

RATE_HZ = 24_000
WINDOW = 0.02
# RMS of a window above which it is sound; the speech has 7000, coded silence stays below 50.
LOUD = 500.0

# The speech is a tone that rises at every second, so that each second can be recognised.
FIRST_HZ, STEP_HZ = 400, 150


def speech(seconds: int) -> list[rtc.AudioFrame]:
    """Return the speech in frames of 0.1 s."""
    times = np.arange(RATE_HZ) / RATE_HZ
    tones = [np.sin(2 * np.pi * (FIRST_HZ + STEP_HZ * second) * times) * 10_000 for second in range(seconds)]
    samples = np.concatenate(tones).astype("<i2")
    return [rtc.AudioFrame(part.tobytes(), RATE_HZ, 1, len(part)) for part in np.array_split(samples, seconds * 10)]


@dataclass(frozen=True, slots=True)
class Heard:
    """A window with sound in it.

    Attributes:
        at: arrival time of the event loop.
        speaker: identity of the participant who made it.
        second: which second of the speech it is from.
    """

    at: float
    speaker: str
    second: int


class Hall:
    """A listener to all participants, active within `async with`.

    Args:
        url: URL of the LiveKit server.
        token: token of a caller.
    """

    def __init__(self, url: str, token: str) -> None:
        self.heard: list[Heard] = []
        # The event loop's time at which the first speech was captured.
        self.asked_at: float | None = None
        self._url = url
        self._token = token
        self._room = rtc.Room()
        self._changed = asyncio.Condition()
        self._listening: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        self._room.on("track_subscribed", self._on_track)
        self._room.on("track_unsubscribed", self._on_track_gone)
        await self._room.connect(self._url, self._token)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._listening.values():
            task.cancel()
        await asyncio.gather(*self._listening.values(), return_exceptions=True)
        await self._room.disconnect()

    async def wait_for_second(self, second: int) -> None:
        """Wait until some of this second of the speech was heard."""
        async with self._changed:
            await self._changed.wait_for(lambda: any(each.second == second for each in self.heard))

    def seconds_of(self, second: int) -> float:
        """Return the seconds that were heard of this second of the speech."""
        return sum(each.second == second for each in self.heard) * WINDOW

    @property
    def speakers(self) -> list[str]:
        """The sinks that were heard, in the order of their first sound."""
        return list(dict.fromkeys(each.speaker for each in self.heard))

    @property
    def first_silence(self) -> float:
        """Seconds from the capture of the first speech to its first sound."""
        return self.heard[0].at - self.asked_at if self.asked_at is not None else 0.0

    @property
    def longest_silence(self) -> float:
        """The longest silence in seconds between the first and the last sound."""
        times = [each.at for each in self.heard]
        return max((after - before for before, after in itertools.pairwise(times)), default=0.0) - WINDOW

    def together(self, speaker: str, other: str) -> float:
        """Return the seconds in which these two were heard at the same time."""
        slots = [{round(each.at / WINDOW) for each in self.heard if each.speaker == who} for who in (speaker, other)]
        return len(slots[0] & slots[1]) * WINDOW

    def _on_track(self, track: rtc.Track, _: object, participant: rtc.RemoteParticipant) -> None:
        if isinstance(track, rtc.RemoteAudioTrack):
            self._listening[track.sid] = asyncio.create_task(self._hear(track, participant.identity))

    def _on_track_gone(self, track: rtc.Track, *_: object) -> None:
        # The stream of a removed track would continue with the sound of the track that replaces it.
        if track.sid in self._listening:
            self._listening[track.sid].cancel()

    async def _hear(self, track: rtc.Track, speaker: str) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=round(WINDOW * 1000))
        try:
            async for event in stream:
                second = _second(np.frombuffer(event.frame.data, dtype=np.int16).astype(float))
                if second is not None:
                    async with self._changed:
                        self.heard.append(Heard(asyncio.get_running_loop().time(), speaker, second))
                        self._changed.notify_all()
        finally:
            await stream.aclose()


def _second(window: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int | None:
    """Return which second of the speech a window is from; None if it is silent."""
    if np.sqrt(np.mean(window**2)) < LOUD:
        return None
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window)), 4 * len(window)))
    strongest_hz = float(np.argmax(spectrum)) * RATE_HZ / (4 * len(window))
    return round((strongest_hz - FIRST_HZ) / STEP_HZ)

"""A listening caller: joins a room, receives one participant's audio track, and measures its sound."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import numpy as np
from livekit import rtc

if TYPE_CHECKING:
    from types import TracebackType

    import numpy.typing as npt

RATE_HZ = 24_000
WINDOW_SECONDS = 0.02
# RMS of a window above which it counts as sound; the tests' tone has 7000, coded silence stays below 50.
LOUD = 500.0


class Ear:
    """A listener, active within `async with`; sound and silence are measured in windows of 20 ms.

    Args:
        url: URL of the LiveKit server.
        token: token of a caller who may subscribe.
        speaker: identity of the participant who is listened to.
    """

    def __init__(self, url: str, token: str, speaker: str) -> None:
        self.left = asyncio.Event()
        self.videos: list[tuple[int, int]] = []
        self._url = url
        self._token = token
        self._speaker = speaker
        self._room = rtc.Room()
        self._loudness: list[float] = []
        self._sound: list[npt.NDArray[np.int16]] = []
        self._heard = asyncio.Condition()
        self._listening: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._room.on("track_subscribed", self._on_track)
        self._room.on("participant_disconnected", self._on_left)
        await self._room.connect(self._url, self._token)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self._room.disconnect()

    @property
    def sound_seconds(self) -> float:
        """Seconds of sound so far."""
        return len(self._sound) * WINDOW_SECONDS

    @property
    def loudest_hz(self) -> float:
        """The strongest frequency in all received audio."""
        sound = np.concatenate(self._sound).astype(float)
        return float(np.argmax(np.abs(np.fft.rfft(sound))) * RATE_HZ / len(sound))

    async def wait_until_it_hears(self) -> None:
        """Wait until the track has arrived, even if it is silent."""
        async with self._heard:
            await self._heard.wait_for(lambda: self._loudness)

    async def wait_for_sound(self, seconds: float) -> None:
        """Wait until this much sound has been heard in all."""
        async with self._heard:
            await self._heard.wait_for(lambda: self.sound_seconds >= seconds)

    async def wait_for_silence(self, seconds: float) -> None:
        """Wait until the track has been silent for this long."""
        windows = round(seconds / WINDOW_SECONDS)
        async with self._heard:
            await self._heard.wait_for(lambda: len(self._loudness) >= windows and max(self._loudness[-windows:]) < LOUD)

    async def wait_for_video(self) -> tuple[int, int]:
        """Wait until a picture has come, and return its size."""
        async with self._heard:
            await self._heard.wait_for(lambda: self.videos)
        return self.videos[-1]

    def _on_track(self, track: rtc.Track, _: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if participant.identity != self._speaker:
            return
        listen = self._hear(track) if isinstance(track, rtc.RemoteAudioTrack) else self._see(track)
        self._listening.append(asyncio.create_task(listen))

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._speaker:
            self.left.set()

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=round(WINDOW_SECONDS * 1000))
        try:
            async for event in stream:
                window = np.frombuffer(event.frame.data, dtype=np.int16).copy()
                async with self._heard:
                    self._loudness.append(float(np.sqrt(np.mean(window.astype(float) ** 2))))
                    if self._loudness[-1] >= LOUD:
                        self._sound.append(window)
                    self._heard.notify_all()
        finally:
            await stream.aclose()

    async def _see(self, track: rtc.Track) -> None:
        stream = rtc.VideoStream(track)
        try:
            async for event in stream:
                async with self._heard:
                    self.videos.append((event.frame.width, event.frame.height))
                    self._heard.notify_all()
        finally:
            await stream.aclose()

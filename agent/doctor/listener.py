"""Listens to the avatar in the room of a test call, and records its sound, picture and presence."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Self

import numpy as np
from livekit import rtc

from agent.doctor.moments import Moments
from agent.doctor.recorded import AUDIBLE, JOINED, LEFT, SILENT, SOUND_FRAMES, TRACK, VIDEO
from avatar.recording import Recorder

_RATE_HZ = 24_000
_WINDOW_MS = 20
# Root mean square of a window above which it counts as sound: speech is around 3000, coded silence below 50.
_LOUD = 300.0
# Seconds without a loud window after which the avatar counts as silent; a voice pauses as long between two clauses.
_SILENT_FOR_S = 0.6
_VIDEO_SECONDS = 3.0
_SOURCES = {rtc.TrackSource.SOURCE_CAMERA: "camera", rtc.TrackSource.SOURCE_MICROPHONE: "microphone"}


class Listener:
    """A participant who listens to the avatar as long as `async with` lasts.

    Args:
        url: Of the LiveKit server.
        token: Lets the listener join and subscribe.
        avatar: Identity of the avatar.
        recorder: Gets the notes.
        moments: Counts `joined`, `left`, `sound` (frames, silent or not), `audible` and `silent`.
    """

    def __init__(self, url: str, token: str, avatar: str, recorder: Recorder, moments: Moments) -> None:
        self._url = url
        self._token = token
        self._avatar = avatar
        self._recorder = recorder
        self._moments = moments
        self._room = rtc.Room()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._room.on("participant_connected", self._on_joined)
        self._room.on("participant_disconnected", self._on_left)
        self._room.on("track_subscribed", self._on_track)
        # LiveAvatar's room ends with its session.
        self._room.on("disconnected", self._on_disconnected)
        await self._room.connect(self._url, self._token)
        for participant in self._room.remote_participants.values():
            self._on_joined(participant)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._room.off("disconnected", self._on_disconnected)
        await self._room.disconnect()

    def _on_joined(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._avatar and not self._moments.count("joined"):
            self._recorder.note(JOINED)
            self._moments.saw("joined")

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._avatar:
            self._note_left()

    def _on_disconnected(self, _: object) -> None:
        self._note_left()

    def _note_left(self) -> None:
        if self._moments.count("joined") and not self._moments.count("left"):
            self._recorder.note(LEFT)
            self._moments.saw("left")

    def _on_track(
        self, track: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.identity != self._avatar:
            return
        source = _SOURCES.get(publication.source, "unknown")
        self._recorder.note(TRACK, name=publication.name, source=source, codec=publication.mime_type)
        if isinstance(track, rtc.RemoteAudioTrack):
            self._watch(self._hear(track))
        else:
            self._watch(self._see(track))

    def _watch(self, watching: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(watching))

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=_RATE_HZ, num_channels=1, frame_size_ms=_WINDOW_MS)
        loudness = Loudness(self._on_sound)
        has_frames = False
        try:
            async for event in stream:
                if not has_frames:
                    has_frames = True
                    self._recorder.note(SOUND_FRAMES)
                    self._moments.saw("sound")
                loudness.add(bytes(event.frame.data), time.monotonic())
        finally:
            await stream.aclose()

    def _on_sound(self, *, audible: bool, silent_for: float) -> None:
        if audible:
            self._recorder.note(AUDIBLE)
        else:
            self._recorder.note(SILENT, silent_for=round(silent_for, 3))
        self._moments.saw("audible" if audible else "silent")

    async def _see(self, track: rtc.Track) -> None:
        """Note the size and the frame rate of the video, measured over a few seconds."""
        stream = rtc.VideoStream(track)
        frames, begin, size = 0, None, (0, 0)
        try:
            async for event in stream:
                now = time.monotonic()
                begin = now if begin is None else begin
                size = (event.frame.width, event.frame.height)
                if now - begin >= _VIDEO_SECONDS:
                    rate = round(frames / (now - begin), 1)
                    self._recorder.note(VIDEO, width=size[0], height=size[1], frames_per_second=rate)
                    return
                frames += 1
        finally:
            await stream.aclose()


class Loudness:
    """Detects when sound begins and ends, from windows of PCM. Pure.

    Args:
        on_change: Called with `audible`, and with `silent_for`: the seconds since the last loud window.
    """

    def __init__(self, on_change: Callable[..., None]) -> None:
        self._on_change = on_change
        self._is_audible = False
        self._loud_at = 0.0

    def add(self, pcm: bytes, now: float) -> None:
        """Take a window of PCM16 that has arrived at `now`, in monotonic seconds."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(float)
        if len(samples) and float(np.sqrt(np.mean(samples**2))) >= _LOUD:
            self._loud_at = now
            if not self._is_audible:
                self._is_audible = True
                self._on_change(audible=True, silent_for=0.0)
        elif self._is_audible and now - self._loud_at >= _SILENT_FOR_S:
            self._is_audible = False
            self._on_change(audible=False, silent_for=now - self._loud_at)

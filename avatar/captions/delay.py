"""How long after the service's news the avatar is heard in the room."""

import asyncio
import statistics
from collections.abc import Callable

import numpy as np
from livekit import rtc

from avatar.core.audio import SAMPLE_RATE

_LOUD = 500
# Of 32768: the least that is taken for sound. Codecs leave some noise in what was silent.

_LONGEST = 2.0
# Seconds after which a sound has another cause.

_QUIET_BEFORE = 0.1
# Seconds of silence before a sound that is taken for a beginning.

_SAMPLES = 3
# Beginnings that are measured; then nobody listens any more.


def onset(pcm: bytes) -> float | None:
    """Seconds of silence at the start of speech, PCM16 24 kHz mono; None if there is no sound in it."""
    loud = np.abs(np.frombuffer(pcm, dtype=np.int16).astype(np.int32)) >= _LOUD
    return float(loud.argmax()) / SAMPLE_RATE if loud.any() else None


class Beginnings:
    """Beginnings of speech as they were told, and as they were heard. Pure: time is an argument.

    Attributes:
        delays: Seconds from the one to the other, one for each beginning that could be measured.
    """

    def __init__(self) -> None:
        self.delays: list[float] = []
        self._told_at: float | None = None
        self._loud_at = float("-inf")

    def tell(self, at: float) -> None:
        """The service's news: its sound begins at `at`."""
        self._told_at = at

    def hear(self, level: int, now: float) -> None:
        """What is heard in the room: the loudest sample of a frame that arrived now."""
        if level < _LOUD:
            return
        was_quiet = now - self._loud_at > _QUIET_BEFORE
        self._loud_at = now
        if self._told_at is not None and was_quiet:
            delay, self._told_at = now - self._told_at, None
            if 0 <= delay <= _LONGEST:
                self.delays.append(delay)


class DelayMeter:
    """Listens to the avatar's own track for a few beginnings, if the room is subscribed to it.

    Args:
        room: Where the avatar is heard.
        identity: The avatar's.
        beginnings: Told of the news by somebody else.
        on_measured: Called with the median of the delays, after each.
    """

    def __init__(
        self, room: rtc.Room, identity: str, beginnings: Beginnings, on_measured: Callable[[float], None]
    ) -> None:
        self._room = room
        self._identity = identity
        self._beginnings = beginnings
        self._on_measured = on_measured
        self._listening: asyncio.Task[None] | None = None
        room.on("track_subscribed", self._on_track_subscribed)
        participant = room.remote_participants.get(identity)
        for publication in participant.track_publications.values() if participant else ():
            if publication.track is not None:
                self._on_track_subscribed(publication.track, publication, participant)

    async def aclose(self) -> None:
        """Listen no more."""
        self._room.off("track_subscribed", self._on_track_subscribed)
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _on_track_subscribed(self, track: rtc.Track, _: object, participant: rtc.RemoteParticipant | None) -> None:
        is_avatar = participant is not None and participant.identity == self._identity
        if is_avatar and track.kind == rtc.TrackKind.KIND_AUDIO and self._listening is None:
            self._listening = asyncio.create_task(self._listen(track), name="avatar_delay")

    async def _listen(self, track: rtc.Track) -> None:
        loop = asyncio.get_running_loop()
        stream = rtc.AudioStream.from_track(track=track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=20)
        delays = self._beginnings.delays
        try:
            async for event in stream:
                measured = len(delays)
                self._beginnings.hear(_level(event.frame), loop.time())
                if len(delays) > measured:
                    self._on_measured(statistics.median(delays))
                if len(delays) >= _SAMPLES:
                    return
        finally:
            await stream.aclose()


def _level(frame: rtc.AudioFrame) -> int:
    samples = np.frombuffer(frame.data, dtype=np.int16)
    return int(np.abs(samples.astype(np.int32)).max(initial=0))

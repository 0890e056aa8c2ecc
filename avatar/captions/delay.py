"""Measurement of how much later the avatar is heard in the room than the service reports."""

import asyncio
import contextlib
import statistics
from collections.abc import Callable

import numpy as np
from livekit import rtc

from avatar.core.audio import SAMPLE_RATE
from avatar.link.sound import AvatarSound

# Of 32768. Quieter samples are the noise that codecs leave in silence.
_LOUD = 500

# A sound that begins more seconds after the service's report has another cause.
_LONGEST = 2.0

# A sound that began more seconds before the service's report belongs to earlier speech.
_LONGEST_LEAD = 1.0

# Seconds of silence before a sound that counts as a beginning.
_QUIET_BEFORE = 0.1

# Beginnings that are measured; after them the sound is no longer needed.
_SAMPLES = 3

# Seconds after the first chunk of a segment within which its sound begins. The first speech of a session was heard
# after 2.97 s (fact 44 of docs/protocol.md).
_BEGINS_WITHIN = 6.0


def onset(pcm: bytes) -> float | None:
    """Measure the silence at the start of speech, PCM16 24 kHz mono, in seconds; None if there is no sound in it."""
    loud = np.abs(np.frombuffer(pcm, dtype=np.int16).astype(np.int32)) >= _LOUD
    return float(loud.argmax()) / SAMPLE_RATE if loud.any() else None


class Beginnings:
    """Pairs of the beginnings of speech that the service reports and those that are heard. Pure: time is an argument.

    Attributes:
        delays: Seconds from the report to the sound, for each pair; 0 if the sound was earlier.
    """

    def __init__(self) -> None:
        self.delays: list[float] = []
        self._told_at: float | None = None
        self._heard_at = float("-inf")
        self._loud_at = float("-inf")

    def tell(self, at: float, now: float) -> None:
        """Take the service's report.

        Args:
            at: When the first sound should be heard, without any delay.
            now: Monotonic seconds.
        """
        # The report takes another path than the sound, and may come later.
        is_sounding = now - self._loud_at <= _QUIET_BEFORE
        if is_sounding and now - self._heard_at < _LONGEST_LEAD:
            self._pair(at, self._heard_at)
        else:
            self._told_at = at

    def hear(self, level: int, now: float) -> None:
        """Take the loudest sample of a frame that arrived now."""
        if level < _LOUD:
            return
        is_beginning = now - self._loud_at > _QUIET_BEFORE
        self._loud_at = now
        if not is_beginning:
            return
        self._heard_at = now
        if self._told_at is not None:
            self._pair(self._told_at, now)

    def _pair(self, told_at: float, heard_at: float) -> None:
        self._told_at = None
        if heard_at - told_at <= _LONGEST:
            self.delays.append(max(0.0, heard_at - told_at))


class DelayMeter:
    """A meter that receives the avatar's own track only at the beginnings of a few segments, and listens to those.

    Args:
        sound: The avatars' sound.
        identity: The avatar's identity.
        beginnings: Gets the service's reports from the captions.
        on_measured: Called with the median of the delays, after each measurement.
    """

    def __init__(
        self, sound: AvatarSound, identity: str, beginnings: Beginnings, on_measured: Callable[[float], None]
    ) -> None:
        self._sound = sound
        self._identity = identity
        self._beginnings = beginnings
        self._on_measured = on_measured
        self._listening: asyncio.Task[None] | None = None

    def expect(self) -> None:
        """Listen for the beginning of a segment whose first chunk was just sent, unless enough were measured."""
        is_busy = self._listening is not None and not self._listening.done()
        if not is_busy and len(self._beginnings.delays) < _SAMPLES:
            self._listening = asyncio.create_task(self._listen(), name="avatar_delay")

    async def aclose(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        if (track := self._sound.track(self._identity)) is None:
            return
        stream = rtc.AudioStream.from_track(track=track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=20)
        try:
            with self._sound.received(), contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEGINS_WITHIN):
                    await self._hear_one(stream)
        finally:
            await stream.aclose()

    async def _hear_one(self, stream: rtc.AudioStream) -> None:
        loop, delays = asyncio.get_running_loop(), self._beginnings.delays
        measured = len(delays)
        async for event in stream:
            self._beginnings.hear(_level(event.frame), loop.time())
            if len(delays) > measured:
                self._on_measured(statistics.median(delays))
                return


def _level(frame: rtc.AudioFrame) -> int:
    samples = np.frombuffer(frame.data, dtype=np.int16)
    return int(np.abs(samples.astype(np.int32)).max(initial=0))

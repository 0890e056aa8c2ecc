"""A microphone that a case speaks into, and a loudspeaker with a clock."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import numpy as np
from livekit import rtc
from livekit.agents.voice.io import AudioInput, AudioOutput, AudioOutputCapabilities, TextOutput

from demo.call.levels import RATE_HZ

if TYPE_CHECKING:
    from avatar.captions.captions import AvatarCaptions
    from demo.call.levels import Samples

_FRAME: Final = 0.05
_TICK: Final = 0.02
_SPEECH_RATE_HZ: Final = 24_000


# Seconds from the loudspeaker to the microphone, with the networks between them and the agent.
_ECHO_AFTER: Final = 0.2


class CaseMicrophone(AudioInput):
    """A microphone that yields silence in real time, and the sounds that the benchmark says.

    Args:
        speaker: The loudspeaker whose sound comes back into the microphone.
        echo: Level of that echo, as a factor.
    """

    def __init__(self, speaker: ClockedSpeaker, echo: float = 0.0) -> None:
        super().__init__(label="case")
        self._speaker = speaker
        self._echo = echo
        self._speech: Samples = np.zeros(0, np.int16)
        self._said = asyncio.Event()
        self._next_at = time.monotonic()

    async def say(self, speech: Samples) -> float:
        """Say `speech`; when it was said, return the time."""
        self._speech = speech
        self._said.clear()
        await self._said.wait()
        return time.monotonic()

    async def __anext__(self) -> rtc.AudioFrame:
        self._next_at += _FRAME
        await asyncio.sleep(self._next_at - time.monotonic())
        count = round(RATE_HZ * _FRAME)
        samples, self._speech = self._speech[:count], self._speech[count:]
        if not len(self._speech):
            self._said.set()
        window = np.pad(samples, (0, count - len(samples)))
        if self._echo:
            sound = self._speaker.sound(self._next_at - _ECHO_AFTER - _FRAME, self._next_at - _ECHO_AFTER)
            window = np.clip(window + self._echo * sound, -32_768, 32_767).astype(np.int16)
        return rtc.AudioFrame(window.tobytes(), RATE_HZ, 1, count)


class ClockedSpeaker(AudioOutput):
    """A loudspeaker that plays in real time.

    Args:
        can_pause: True if it can pause and resume.

    Attributes:
        captions: Show the words as they are played.
        began: Times at which segments began to play.
        paused: Times at which it was paused.
        resumed: Times at which it was resumed.
        ended: Times at which it was silenced for good.
    """

    def __init__(self, *, can_pause: bool) -> None:
        super().__init__(
            label="clocked", capabilities=AudioOutputCapabilities(pause=can_pause), sample_rate=_SPEECH_RATE_HZ
        )
        self.began: list[float] = []
        self.paused: list[float] = []
        self.resumed: list[float] = []
        self.ended: list[float] = []
        self.played = 0.0
        self.captions: AvatarCaptions | None = None
        self._pcm = bytearray()
        self._played: list[tuple[float, bytes]] = []
        self._given = 0.0
        self._is_open = self._is_flushed = self._is_paused = False
        self._playing = asyncio.create_task(self._play(), name="speaker")

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Queue a frame."""
        await super().capture_frame(frame)
        if not self._is_open:
            self._is_open, self._is_flushed = True, False
            self.began.append(time.monotonic())
            if self.captions is not None:
                self.captions.start(asyncio.get_running_loop().time())
            self.on_playback_started(created_at=time.time())
        self._pcm += frame.data.tobytes()
        self._given += frame.duration

    def flush(self) -> None:
        """Complete the segment."""
        super().flush()
        self._is_flushed = True
        if self.captions is not None:
            self.captions.end_audio(self._given)

    def clear_buffer(self) -> None:
        """Drop the rest."""
        if self._is_open:
            self.ended.append(time.monotonic())
            self._finish(interrupted=True)

    def pause(self) -> None:
        """Fall silent, and keep the rest."""
        super().pause()
        if not self._is_paused and self._is_open:
            self.paused.append(time.monotonic())
        self._is_paused = True

    def resume(self) -> None:
        """Continue with the rest."""
        super().resume()
        if self._is_paused and self._is_open:
            self.resumed.append(time.monotonic())
        self._is_paused = False

    def sound(self, begin: float, end: float) -> Samples:
        """Return the sound that was played between two times, at the microphone's rate."""
        sound = np.zeros(round((end - begin) * RATE_HZ), np.int16)
        for at, pcm in reversed(self._played):
            if at <= begin - _TICK:
                break
            piece = np.repeat(np.frombuffer(pcm, np.int16), RATE_HZ // _SPEECH_RATE_HZ)
            first = round((at - begin) * RATE_HZ)
            piece = piece[max(0, -first) : max(0, len(sound) - first)]
            sound[max(0, first) : max(0, first) + len(piece)] = piece
        return sound

    async def aclose(self) -> None:
        """Stop playing."""
        self._playing.cancel()
        await asyncio.gather(self._playing, return_exceptions=True)

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        tick_at = loop.time()
        while True:
            tick_at += _TICK
            await asyncio.sleep(tick_at - loop.time())
            if self._is_open and not self._is_paused:
                before, self.played = self.played, min(self.played + _TICK, self._given)
                begin, end = (2 * round(at * _SPEECH_RATE_HZ) for at in (before, self.played))
                self._played.append((tick_at - _TICK, bytes(self._pcm[begin:end])))
                if self._is_flushed and self.played >= self._given:
                    self._finish(interrupted=False)

    def _finish(self, *, interrupted: bool) -> None:
        position, self.played, self._given, self._is_open = self.played, 0.0, 0.0, False
        self._pcm.clear()
        heard = None if self.captions is None else self.captions.finish(position, interrupted=interrupted)
        self.on_playback_finished(playback_position=position, interrupted=interrupted, synchronized_transcript=heard)


class Unseen(TextOutput):
    """A transcription that is shown nowhere."""

    def __init__(self) -> None:
        super().__init__(label="unseen", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        """Drop the text."""

    def flush(self) -> None:
        """Do nothing."""

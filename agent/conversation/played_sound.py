"""The sound of the agent that is heard, and when: the reference for finding its echo."""

import asyncio

import numpy as np
from livekit import rtc
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities

from agent.conversation.band_levels import BANDS, CELL, SILENCE, LevelMeter, Levels, silence
from avatar.audio_output import AvatarAudioOutput
from avatar.core.clock import PlaybackClock

# Cells of played sound that are kept, 3 s: a microphone's frames may come in a burst.
_KEPT = 150


class PlayedLevels:
    """The levels of a sound, by the time at which it was played. Pure."""

    def __init__(self) -> None:
        self._meter = LevelMeter()
        self._captured = silence(0)
        self._unmeasured: list[rtc.AudioFrame] = []
        self._position = 0.0
        self._played = silence(_KEPT)
        self._until = 0

    def begin(self) -> None:
        """Begin another segment."""
        self._meter.clear()
        self._captured = silence(0)
        self._unmeasured.clear()
        self._position = 0.0

    def capture(self, frame: rtc.AudioFrame) -> None:
        """Take sound that is going to be played."""
        self._unmeasured.append(frame)

    def advance(self, now: float, position: float) -> None:
        """Note what was played since the last call.

        Args:
            now: Monotonic seconds.
            position: Seconds of the segment at which the output is; it may go back to say a word again.
        """
        until = int(now / CELL)
        cells = min(until - self._until, _KEPT)
        if cells <= 0:
            return
        new = silence(cells)
        begins = position - now + CELL * np.arange(until - cells, until)
        if position > self._position:
            index = np.rint(begins / CELL).astype(int).clip(0)
            self._measure_until(index[-1])
            was_played = (begins > self._position - CELL) & (index < len(self._captured))
            new[was_played] = self._captured[index[was_played]]
        self._played = np.concatenate([self._played, new])[-_KEPT:]
        self._until, self._position = until, position

    def _measure_until(self, cell: int) -> None:
        """Measure all captured sound at once, when a cell is needed that is not measured yet."""
        if cell >= len(self._captured) and self._unmeasured:
            samples = np.concatenate([first_channel(frame) for frame in self._unmeasured])
            levels = self._meter.take(samples, self._unmeasured[0].sample_rate)
            self._captured = np.concatenate([self._captured, levels])
            self._unmeasured.clear()

    def between(self, begin: int, end: int) -> Levels:
        """Return the levels of a range of cells, counted from the clock's zero; unknown cells are silent."""
        index = np.arange(begin, end) - self._until + _KEPT
        levels = np.full((end - begin, BANDS), SILENCE)
        known = (index >= 0) & (index < _KEPT)
        levels[known] = self._played[index[known]]
        return levels


class PlayedSound(AudioOutput):
    """An audio output that knows the levels of the sound that is heard from it.

    Args:
        next_in_chain: Plays the sound.
    """

    def __init__(self, next_in_chain: AudioOutput) -> None:
        super().__init__(
            label="PlayedSound",
            capabilities=AudioOutputCapabilities(pause=True),
            next_in_chain=next_in_chain,
            sample_rate=next_in_chain.sample_rate,
        )
        self._levels = PlayedLevels()
        self._clock = PlaybackClock()
        self._is_open = self._has_begun = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Note a frame's levels, and pass it on."""
        await super().capture_frame(frame)
        if not self._is_open:
            self._is_open, self._has_begun, self._clock = True, False, PlaybackClock()
            self._levels.begin()
        self._levels.capture(frame)
        self._clock.hand_over(frame.duration, _now())
        if self.next_in_chain is not None:
            await self.next_in_chain.capture_frame(frame)

    def flush(self) -> None:
        """Pass on the end of a segment."""
        super().flush()
        self._is_open = False
        if self.next_in_chain is not None:
            self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        """Pass the call on."""
        self._clock.stop(_now())
        if self.next_in_chain is not None:
            self.next_in_chain.clear_buffer()

    def pause(self) -> None:
        """Pass the call on."""
        self._clock.stop(_now())
        super().pause()

    def resume(self) -> None:
        """Pass the call on."""
        if self._has_begun:
            self._clock.start(_now())
        super().resume()

    def on_playback_started(self, *, created_at: float) -> None:
        """Note that the segment is heard, and report that."""
        self._has_begun = True
        self._clock.start(_now())
        super().on_playback_started(created_at=created_at)

    def between(self, begin: int, end: int) -> Levels:
        """Return the levels that were heard in a range of cells, counted from the event loop's zero."""
        self._levels.advance(_now(), self._position())
        return self._levels.between(begin, end)

    def _position(self) -> float:
        """Return the output's position in seconds: the avatar's own, or the time since playback began."""
        link = self.next_in_chain
        while link is not None and link.next_in_chain is not None:
            link = link.next_in_chain
        return link.playhead() if isinstance(link, AvatarAudioOutput) else self._clock.played(_now())


def first_channel(frame: rtc.AudioFrame) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return the samples of a frame's first channel."""
    return np.frombuffer(frame.data, np.int16)[:: frame.num_channels]


def _now() -> float:
    return asyncio.get_running_loop().time()

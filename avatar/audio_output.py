"""The framework's side of the avatar: it takes frames, and reports playback. A failing avatar never raises here."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import is_given
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities

from avatar.audio_format import Converter
from avatar.captions.delay import onset
from avatar.core import Event, PlaybackFinished, PlaybackProgressed, PlaybackStarted, Word
from avatar.core.audio import SAMPLE_RATE, to_seconds
from avatar.link.driver import Driver

if TYPE_CHECKING:
    from avatar.captions.captions import AvatarCaptions

# Seconds of speech (29 MB) kept for the avatar; a source that is further ahead has to wait.
_MOST_UNPLAYED = 600.0

_SPACE_POLL_S = 0.1


class AvatarAudioOutput(AudioOutput):
    """The audio output of an agent session that speaks through an avatar.

    One segment goes from its first frame to `flush` or `clear_buffer`, and reports one `playback_finished`, with
    the position up to which it was played.

    Args:
        driver: Driver of the machine that plays the speech.
    """

    def __init__(self, driver: Driver) -> None:
        super().__init__(
            label="LiveAvatar",
            capabilities=AudioOutputCapabilities(pause=True),
            # The framework resamples to this rate, and flushes its resampler at a segment's end.
            sample_rate=SAMPLE_RATE,
        )
        self._driver = driver
        self._machine = driver.machine
        self._converter = Converter()
        self._captured_bytes = 0
        # Seconds before the segment's first sound.
        self._silence = 0.0
        self._sounds = False
        # Captions that follow the playback.
        self.captions: AvatarCaptions | None = None

    def played(self) -> float:
        """Return the seconds played of the segment that is being played."""
        return self._machine.played(self._driver.now)

    def playhead(self) -> float:
        """Return the sink's position in that segment, in seconds; it goes back to a word that is repeated."""
        return self._machine.playhead(self._driver.now)

    def is_ahead(self, seconds: float) -> bool:
        """Return whether more than `seconds` of speech are captured and not played."""
        self._driver.catch_up()
        return self._machine.held_seconds - self.played() > seconds

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take a frame of speech; waits only for a source that is ten minutes ahead of the avatar."""
        # The held speech is never less than the unplayed speech, and reading it needs no clock.
        if self._machine.held_seconds > _MOST_UNPLAYED:
            await self._wait_for_space()
        await super().capture_frame(frame)
        self._capture(self._converter.push(frame), _words(frame) if frame.userdata else ())

    async def _wait_for_space(self) -> None:
        while self.is_ahead(_MOST_UNPLAYED):  # noqa: ASYNC110 - speech plays by time: there is no event to wait for
            await asyncio.sleep(_SPACE_POLL_S)

    def _mark_input_truncated(self) -> None:
        super()._mark_input_truncated()
        if self.captions is not None:
            self.captions.truncate()

    def flush(self) -> None:
        """Complete the segment."""
        super().flush()
        if tail := self._converter.flush():
            self._capture(tail, ())
        self._end_captured()
        with self._driver.step() as now:
            self._machine.end_segment(now)

    def clear_buffer(self) -> None:
        """Silence the avatar and drop what it has not played."""
        super().flush()
        self._converter.clear()
        with self._driver.step() as now:
            self._machine.interrupt(now)

    def pause(self) -> None:
        """Silence the avatar and keep what it has not played."""
        super().pause()
        with self._driver.step() as now:
            self._machine.pause(now)

    def resume(self) -> None:
        """Continue from where the avatar was silenced."""
        super().resume()
        with self._driver.step() as now:
            self._machine.resume(now)

    def report(self, event: Event) -> None:
        """Report to the framework what was played; other events are ignored."""
        match event:
            case PlaybackStarted(at=at):
                if self.captions is not None:
                    self.captions.start(at + self._silence)
                self.on_playback_started(created_at=_wall_clock(at))
            case PlaybackProgressed(run=run):
                started_at = _wall_clock(run.started_at)
                self.on_playback_progressed(started_at=started_at, offset=run.offset, duration=run.duration)
            case PlaybackFinished(position=position, interrupted=interrupted):
                self.on_playback_finished(
                    playback_position=position,
                    interrupted=interrupted,
                    synchronized_transcript=self._finish_caption(position, interrupted=interrupted),
                )

    def _capture(self, pcm: bytes, words: Sequence[Word]) -> None:
        if not self._sounds:
            self._find_onset(pcm)
        self._captured_bytes += len(pcm)
        self._driver.push_audio(pcm, words)

    def _find_onset(self, pcm: bytes) -> None:
        """Find the segment's first sound."""
        sound_at = onset(pcm)
        self._sounds = sound_at is not None
        self._silence += to_seconds(len(pcm)) if sound_at is None else sound_at

    def _end_captured(self) -> None:
        if self.captions is not None:
            self.captions.end_audio(to_seconds(self._captured_bytes))

    def _finish_caption(self, position: float, *, interrupted: bool) -> str | None:
        self._captured_bytes = 0
        self._silence, self._sounds = 0.0, False
        return None if self.captions is None else self.captions.finish(position, interrupted=interrupted)


def _words(frame: rtc.AudioFrame) -> list[Word]:
    """Return the words of a frame that the TTS has timed; some engines time whole sentences, which don't help here."""
    texts: list[TimedString] = frame.userdata.get(USERDATA_TIMED_TRANSCRIPT) or []
    return [
        Word(text.start_time, text.end_time)
        for text in texts
        if is_given(text.start_time) and is_given(text.end_time) and len(text.split()) == 1
    ]


def _wall_clock(at: float) -> float:
    """Convert the machine's time to the framework's, which is `time.time()`."""
    return time.time() - asyncio.get_running_loop().time() + at

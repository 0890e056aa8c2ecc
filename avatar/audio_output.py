"""The framework's side of the avatar: frames in, playback events out. It never raises because of the avatar."""

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import is_given
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities

from avatar.audio_format import Converter
from avatar.core import Event, PlaybackFinished, PlaybackProgressed, PlaybackStarted, Word
from avatar.core.audio import SAMPLE_RATE, to_seconds
from avatar.delay import onset
from avatar.playback import Playback

if TYPE_CHECKING:
    from avatar.captions import AvatarCaptions

_MOST_UNPLAYED = 600.0
# Seconds of speech (29 MB) kept for the avatar; a source that is further ahead has to wait.

_SPACE_POLL = 0.1


class AvatarAudioOutput(AudioOutput):
    """The audio output of an agent session that speaks through an avatar.

    One segment goes from its first frame to `flush` or `clear_buffer`, and reports one `playback_finished`, with
    the position that the avatar has played to.
    """

    def __init__(self, playback: Playback) -> None:
        super().__init__(
            label="LiveAvatar",
            capabilities=AudioOutputCapabilities(pause=True),
            # The framework resamples to this, and flushes its resampler at a segment's end.
            sample_rate=SAMPLE_RATE,
        )
        self._playback = playback
        self._core = playback.core
        self._converter = Converter()
        self._captured = 0.0
        self._silence = 0.0  # before the segment's first sound
        self._sounds = False
        self.captions: AvatarCaptions | None = None
        """Follow what is played, if there are any."""

    def played(self) -> float:
        """Seconds played of the segment that is being played."""
        return self._core.played(asyncio.get_running_loop().time())

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take a frame of speech; waits only for a source that is ten minutes ahead of the avatar."""
        while self._is_full():  # noqa: ASYNC110 - speech plays by time: there is no event to wait for
            await asyncio.sleep(_SPACE_POLL)
        await super().capture_frame(frame)
        pcm = self._converter.push(frame)
        self._listen(pcm)
        self._captured += frame.duration
        self._playback.act(partial(self._core.push_audio, pcm, words=_words(frame)))

    def _is_full(self) -> bool:
        return self._core.unplayed(asyncio.get_running_loop().time()) > _MOST_UNPLAYED

    def _mark_input_truncated(self) -> None:
        super()._mark_input_truncated()
        if self.captions is not None:
            self.captions.truncate()

    def flush(self) -> None:
        """The segment is complete."""
        super().flush()
        if tail := self._converter.flush():
            self._playback.act(partial(self._core.push_audio, tail))
        self._end_captured()
        self._playback.act(self._core.end_segment)

    def clear_buffer(self) -> None:
        """Silence the avatar and drop what it has not played."""
        super().flush()
        self._converter.clear()
        self._playback.act(self._core.interrupt)

    def pause(self) -> None:
        """Silence the avatar and keep what it has not played."""
        super().pause()
        self._playback.act(self._core.pause)

    def resume(self) -> None:
        """Go on from where it was silenced."""
        super().resume()
        self._playback.act(self._core.resume)

    def report(self, event: Event) -> None:
        """Tell the framework what the avatar has played; other events are none of its business."""
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

    def _listen(self, pcm: bytes) -> None:
        """Find the segment's first sound."""
        if not self._captured:
            self._silence, self._sounds = 0.0, False
        if not self._sounds:
            sound_at = onset(pcm)
            self._sounds = sound_at is not None
            self._silence += to_seconds(len(pcm)) if sound_at is None else sound_at

    def _end_captured(self) -> None:
        if self.captions is not None:
            self.captions.end_audio(self._captured)

    def _finish_caption(self, position: float, *, interrupted: bool) -> str | None:
        self._captured = 0.0
        return None if self.captions is None else self.captions.finish(position, interrupted=interrupted)


def _words(frame: rtc.AudioFrame) -> list[Word]:
    """The words that the voice has timed in a frame; some time whole sentences, which are of no use here."""
    texts: list[TimedString] = frame.userdata.get(USERDATA_TIMED_TRANSCRIPT) or []
    return [
        Word(text.start_time, text.end_time)
        for text in texts
        if is_given(text.start_time) and is_given(text.end_time) and len(text.split()) == 1
    ]


def _wall_clock(at: float) -> float:
    """The core's time as the framework's, which is `time.time()`."""
    return time.time() - asyncio.get_running_loop().time() + at

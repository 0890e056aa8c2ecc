"""The video of a call: the avatar's frames and both voices in an MP4, encoded as they come, in a thread."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from livekit import rtc

from demo.call.levels import RATE_HZ, Samples
from demo.call.mixer import Mixer

if TYPE_CHECKING:
    from pathlib import Path

# Frames and pieces of sound that may wait for the encoder: two seconds. When it is full, further ones are lost, and
# counted.
WAITING: Final = 500

# Seconds after which both voices must be there to be mixed.
MIX_DELAY: Final = 0.5

# Options of x264 that take a twentieth of a processor core at 720p, since the call itself runs on the same machine.
LIGHT: Final = {"preset": "ultrafast", "crf": "21"}

MILLISECONDS: Final = Fraction(1, 1000)
AUDIO_BLOCK: Final = RATE_HZ // 50

Work = Callable[[], None]


class Recording:
    """The recording of a call in a file, from the first video frame until it is closed.

    Args:
        directory: Created if it does not exist.

    Attributes:
        video: The MP4: H.264 in the size of the first frame, AAC mono at 48 kHz.
        picture: A PNG, once `save_picture` was called.
        lost: Frames and pieces of sound that came when the encoder was too far behind.
        error: The error that ended the recording, if there was one.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.video = directory / "call.mp4"
        self.picture = directory / "frame.png"
        self.lost = 0
        self.error: Exception | None = None
        self._work: queue.Queue[Work | None] = queue.Queue(WAITING)
        self._film: _Film | None = None
        self._newest: av.VideoFrame | None = None
        self._thread = threading.Thread(target=self._encode, name="recording")
        self._thread.start()

    def add_video(self, frame: rtc.VideoFrame, at: float) -> None:
        """Add a frame of the avatar, seen at `at` (monotonic seconds)."""
        self._do(lambda: self._write_video(frame, at))

    def add_voice(self, voice: str, samples: Samples, ended_at: float) -> None:
        """Add a piece of a voice's sound, and the time at which it ended."""
        self._do(lambda: self._film.write_voice(voice, samples, ended_at) if self._film else None)

    def save_picture(self) -> None:
        """Write the newest frame as the picture."""
        self._do(lambda: _save(self._newest, self.picture))

    def close(self) -> None:
        """Write the rest and close the file; block until that is done."""
        self._work.put(None)
        self._thread.join()

    def _do(self, work: Work) -> None:
        try:
            self._work.put_nowait(work)
        except queue.Full:
            self.lost += 1

    def _encode(self) -> None:
        try:
            while work := self._work.get():
                work()
            if self._film:
                self._film.close(time.monotonic())
        except Exception as error:  # noqa: BLE001 - kept for the report; `close` must not hang
            self.error = error
            # Drop the work that still comes: the queue would fill up, and `close` would wait for ever.
            while self._work.get():
                pass

    def _write_video(self, frame: rtc.VideoFrame, at: float) -> None:
        self._newest = _picture(frame)
        self._film = self._film or _Film(self.video, self._newest, at)
        self._film.write_picture(self._newest, at)


class _Film:
    """The file itself; only the recording's thread touches it."""

    def __init__(self, path: Path, first: av.VideoFrame, at: float) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "faststart"})
        self._video = self._container.add_stream("libx264", rate=25, options=LIGHT)
        self._video.width, self._video.height = first.width, first.height
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = MILLISECONDS
        self._video.codec_context.thread_count = 1
        self._audio = self._container.add_stream("aac", rate=RATE_HZ, layout="mono")
        self._mixer = Mixer(at)
        self._shown_at_ms = -1

    def write_picture(self, picture: av.VideoFrame, at: float) -> None:
        if (picture.width, picture.height) != (self._video.width, self._video.height):
            picture = picture.reformat(self._video.width, self._video.height)
        self._shown_at_ms = max(round((at - self._mixer.started_at) * 1000), self._shown_at_ms + 1)
        picture.pts, picture.time_base = self._shown_at_ms, MILLISECONDS
        self._container.mux(self._video.encode(picture))

    def write_voice(self, voice: str, samples: Samples, ended_at: float) -> None:
        self._mixer.push(voice, samples, ended_at)
        self._write_sound(ended_at - MIX_DELAY)

    def close(self, now: float) -> None:
        self._write_sound(now)
        self._container.mux(self._video.encode())
        self._container.mux(self._audio.encode())
        self._container.close()

    def _write_sound(self, until: float) -> None:
        position = self._mixer.position
        samples = self._mixer.pull(until)
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, position, Fraction(1, RATE_HZ)
        self._container.mux(self._audio.encode(frame))


def _picture(frame: rtc.VideoFrame) -> av.VideoFrame:
    # RGB has no half pixels: a picture that WebRTC has scaled down may have an odd height or width.
    rows = np.frombuffer(frame.convert(rtc.VideoBufferType.RGB24).data, np.uint8)
    picture = av.VideoFrame.from_ndarray(rows.reshape(frame.height, frame.width, 3), format="rgb24")
    return picture.reformat(frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p")


def _save(picture: av.VideoFrame | None, path: Path) -> None:
    if picture:
        picture.to_image().save(path)  # type: ignore[no-untyped-call]  # PyAV leaves it untyped

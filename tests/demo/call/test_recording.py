"""The video of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from livekit import rtc

from demo.call.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 3


def video_frame(brightness: int, width: int = 64, height: int = 48) -> rtc.VideoFrame:
    """Make a grey frame."""
    planes = bytes([brightness]) * (width * height) + bytes([128]) * (width * height // 2)
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.I420, planes)


def flash_and_beep(recording: Recording) -> None:
    """Add three seconds at 25 frames a second, with a bright frame and a tone at the second second."""
    tone = (8000 * np.sin(np.arange(480) / 480 * 2 * np.pi * 4)).astype(np.int16)
    for hundredth in range(SECONDS * 100):
        at = 1000.0 + hundredth / 100
        is_on = hundredth >= 200
        if hundredth % 4 == 0:
            recording.add_video(video_frame(220 if is_on else 20), at)
        recording.add_voice("avatar", tone if is_on else np.zeros(480, np.int16), at + 0.01)


def test_sound_and_picture_are_in_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound and picture of one instant are at one instant in the file."""
    monkeypatch.setattr("demo.call.recording.time.monotonic", lambda: 1000.0 + SECONDS)
    recording = Recording(tmp_path)
    flash_and_beep(recording)
    recording.save_picture()
    recording.close()

    with av.open(str(recording.video)) as file:
        flash_at = next(frame.time for frame in file.decode(video=0) if frame.to_ndarray()[:48].mean() > 100)
    with av.open(str(recording.video)) as file:
        beep_at = next(frame.time for frame in file.decode(audio=0) if np.abs(frame.to_ndarray()).max() > 0.1)

    assert (recording.error, recording.lost) == (None, 0)
    assert flash_at == pytest.approx(2.0, abs=0.05)
    assert beep_at == pytest.approx(2.0, abs=0.05)
    assert recording.picture.read_bytes().startswith(b"\x89PNG")


def test_frames_of_another_size_are_fitted(tmp_path: Path) -> None:
    """The avatar's picture may change its size in a call; the file's size does not change."""
    recording = Recording(tmp_path)
    recording.add_video(video_frame(50), 1000.0)
    recording.add_video(video_frame(50, width=128, height=96), 1000.04)
    recording.close()

    with av.open(str(recording.video)) as file:
        sizes = {(frame.width, frame.height) for frame in file.decode(video=0)}

    assert recording.error is None
    assert sizes == {(64, 48)}


@pytest.mark.parametrize(("width", "height"), [(240, 135), (135, 240), (63, 47)])
def test_a_picture_of_odd_size_is_recorded_too(tmp_path: Path, width: int, height: int) -> None:
    """WebRTC scales down to any size; the file needs even sizes."""
    chroma = 2 * ((width + 1) // 2) * ((height + 1) // 2)
    planes = bytes([120]) * (width * height) + bytes([128]) * chroma
    recording = Recording(tmp_path)
    recording.add_video(rtc.VideoFrame(width, height, rtc.VideoBufferType.I420, planes), 1000.0)
    recording.close()

    assert recording.error is None
    with av.open(str(recording.video)) as file:
        assert {(frame.width, frame.height) for frame in file.decode(video=0)} == {(width // 2 * 2, height // 2 * 2)}


def test_the_end_of_a_call_never_waits_for_a_failed_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording may fail in any way; its error is kept."""

    def fail(_: rtc.VideoFrame) -> av.VideoFrame:
        message = "no such picture"
        raise ValueError(message)

    monkeypatch.setattr("demo.call.recording._picture", fail)
    recording = Recording(tmp_path)
    for number in range(1000):
        recording.add_video(video_frame(50), 1000.0 + number / 25)
    recording.close()

    assert isinstance(recording.error, ValueError)


def test_the_error_is_kept_when_nothing_can_be_written(tmp_path: Path) -> None:
    """The call continues without a video, and its end does not wait for one."""
    recording = Recording(tmp_path)
    recording.video.mkdir()
    for number in range(1000):
        recording.add_video(video_frame(50), 1000.0 + number / 25)
    recording.close()

    assert isinstance(recording.error, OSError)


def test_no_file_is_made_when_there_was_no_picture(tmp_path: Path) -> None:
    """A call without an avatar has no video."""
    recording = Recording(tmp_path)
    recording.add_voice("avatar", np.zeros(480, np.int16), 1000.0)
    recording.close()

    assert not recording.video.exists()

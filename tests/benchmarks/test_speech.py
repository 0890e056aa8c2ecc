from __future__ import annotations

import numpy as np
import pytest

from benchmarks.speech import cut, tone


@pytest.mark.parametrize("channels", [1, 2])
def test_cut_loses_nothing_and_the_last_frame_may_be_shorter(channels: int) -> None:
    """Joined, the frames are the speech."""
    speech = tone(0.25, sample_rate=8000, channels=channels)

    frames = list(cut(speech, 0.1))

    assert [frame.samples_per_channel for frame in frames] == [800, 800, 400]
    assert b"".join(bytes(frame.data) for frame in frames) == bytes(speech.data)


def test_tone_has_no_silent_sample() -> None:
    """The tone can be distinguished from the silence around it."""
    assert np.all(np.frombuffer(bytes(tone(1.0).data), dtype=np.int16))

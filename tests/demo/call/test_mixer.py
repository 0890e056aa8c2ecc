"""Two voices on one timeline."""

from __future__ import annotations

import numpy as np

from demo.call.levels import RATE_HZ, Samples
from demo.call.mixer import HELD, Mixer

WINDOW = RATE_HZ // 100


def level(value: int, windows: int = 1) -> Samples:
    """Make a constant signal, which is easy to recognise and to add."""
    return np.full(windows * WINDOW, value, np.int16)


def windows(samples: Samples) -> list[int]:
    """Return the value of each window."""
    return [int(value) for value in samples[::WINDOW]]


def test_voices_are_added_where_they_meet() -> None:
    """Each voice is at its own instant; there is silence where there is none."""
    mixer = Mixer(started_at=50.0)
    mixer.push("avatar", level(100, 3), 50.03)
    mixer.push("caller", level(7, 2), 50.04)

    assert windows(mixer.pull(50.06)) == [100, 100, 107, 7, 0, 0]


def test_a_voice_has_no_gap_when_it_comes_late_or_early() -> None:
    """The jitter of arrivals is not heard."""
    mixer = Mixer(started_at=50.0)
    for number, jitter in enumerate((0.0, 0.03, -0.02, 0.01), 1):
        mixer.push("avatar", level(number), 50.0 + number * 0.01 + jitter)

    assert windows(mixer.pull(50.05)) == [1, 2, 3, 4, 0]


def test_gap_stays_a_gap_when_a_voice_was_away() -> None:
    """A track that stopped for half a second is silent for half a second."""
    mixer = Mixer(started_at=50.0)
    mixer.push("avatar", level(1), 50.01)
    mixer.push("avatar", level(2), 50.51)

    assert windows(mixer.pull(50.51)) == [1, *[0] * 49, 2]


def test_the_timeline_continues_from_pull_to_pull() -> None:
    """No sample is returned twice, and the position counts all of them."""
    mixer = Mixer(started_at=50.0)
    mixer.push("avatar", level(1, 4), 50.04)

    assert windows(mixer.pull(50.02)) == [1, 1]
    assert windows(mixer.pull(50.05)) == [1, 1, 0]
    assert mixer.position == 5 * WINDOW


def test_sound_before_the_start_is_left_out() -> None:
    """Sound before the first picture has no place in the video."""
    mixer = Mixer(started_at=50.0)
    mixer.push("avatar", level(5, 3), 50.01)

    assert windows(mixer.pull(50.02)) == [5, 0]


def test_loud_voices_are_clipped_and_do_not_wrap_round() -> None:
    """Two signals at full scale add up to full scale."""
    mixer = Mixer(started_at=50.0)
    mixer.push("avatar", level(30000), 50.01)
    mixer.push("caller", level(30000), 50.01)

    assert windows(mixer.pull(50.01)) == [32767]


def test_memory_is_bounded_without_pulls() -> None:
    """Two seconds are held; later sound is dropped."""
    mixer = Mixer(started_at=50.0)
    for number in range(1, 301):
        mixer.push("avatar", level(1), 50.0 + number * 0.01)

    assert len(mixer.pull(60.0)) == HELD

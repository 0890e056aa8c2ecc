"""When sound begins and ends; the rest of the listener needs a LiveKit server, and is tested in tests/e2e."""

import numpy as np

from agent.doctor.listener import Loudness


def window(level: int) -> bytes:
    """Make 20 ms of a constant level."""
    return np.full(480, level, dtype="<i2").tobytes()


def changes(levels: list[int]) -> list[tuple[float, bool, float]]:
    """Return the reported changes for windows with these levels, one every 125 ms."""
    told: list[tuple[float, bool, float]] = []
    now = 0.0

    def tell(*, audible: bool, silent_for: float) -> None:
        told.append((now, audible, silent_for))

    loudness = Loudness(tell)
    for level in levels:
        loudness.add(window(level), now)
        now += 0.125
    return told


def test_sound_begins_with_its_first_loud_window() -> None:
    """It ends after a period of silence, whose length is reported with it."""
    assert changes([0, 40, 3000, 3000, 0, 0, 0, 0, 0, 0, 0, 3000]) == [
        (0.25, True, 0.0),
        (1.0, False, 0.625),
        (1.375, True, 0.0),
    ]


def test_a_pause_between_two_words_is_not_the_end() -> None:
    """A pause between two words is shorter than the end of speech."""
    assert changes([3000, 0, 0, 0, 0, 3000]) == [(0.0, True, 0.0)]


def test_an_empty_window_is_silent() -> None:
    """An empty window counts as silent instead of raising."""
    told: list[object] = []
    Loudness(lambda **change: told.append(change)).add(b"", 0.0)

    assert told == []

"""How fast a voice makes speech."""

import pytest

from avatar.core.pace import Pace


def test_the_first_frame_tells_nothing() -> None:
    """When it was begun is not known: there is no rate before the second."""
    pace = Pace()
    pace.note(5.0, 1.0)

    assert pace.rate == float("inf")


def test_the_rate_is_speech_by_time() -> None:
    """Two frames of 0.1 s in the 0.25 s after the first are 0.8 of the speed of speech."""
    pace = Pace()
    for at in (1.0, 1.1, 1.25):
        pace.note(0.1, at)

    assert pace.rate == pytest.approx(0.8)

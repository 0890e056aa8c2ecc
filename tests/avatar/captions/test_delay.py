"""How long after the service's news the avatar is heard."""

import numpy as np
import pytest

from avatar.captions.delay import Beginnings, onset

LOUD, SILENT = 8_000, 20


def hear(beginnings: Beginnings, since: float, until: float, level: int) -> None:
    """Frames of 20 ms."""
    for at in np.arange(since, until, 0.02):
        beginnings.hear(level, float(at))


def test_a_beginning_is_measured_from_the_news_to_the_sound() -> None:
    """What is heard after silence, and after the news, is what the news was about."""
    beginnings = Beginnings()
    hear(beginnings, 0.0, 1.0, SILENT)
    beginnings.tell(1.0)
    hear(beginnings, 1.0, 1.2, SILENT)
    hear(beginnings, 1.2, 3.0, LOUD)

    assert beginnings.delays == [pytest.approx(0.2)]


def test_the_end_of_what_was_said_before_is_no_beginning() -> None:
    """A sound that goes on is not what the news was about; the one after the silence is."""
    beginnings = Beginnings()
    hear(beginnings, 0.0, 1.1, LOUD)
    beginnings.tell(1.0)
    hear(beginnings, 1.1, 1.3, SILENT)
    hear(beginnings, 1.3, 2.0, LOUD)

    assert beginnings.delays == [pytest.approx(0.3)]


@pytest.mark.parametrize("late", [2.5, 60.0])
def test_a_sound_that_comes_much_later_has_another_cause(late: float) -> None:
    """No delay is made of it, nor of the next sound without news."""
    beginnings = Beginnings()
    beginnings.tell(1.0)
    hear(beginnings, 1.0 + late, 1.5 + late, LOUD)
    hear(beginnings, 2.0 + late, 2.5 + late, LOUD)

    assert beginnings.delays == []


def test_the_silence_before_the_first_sound_is_told() -> None:
    """Voices begin with some; it is no delay."""
    assert onset(bytes(2 * 2_400) + b"\x00\x20" * 100) == 0.1
    assert onset(bytes(2 * 2_400)) is None
    assert onset(b"") is None

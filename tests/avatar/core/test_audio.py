"""Seconds and bytes of the one audio format, and what counts as silence."""

from hypothesis import given
from hypothesis import strategies as st

from avatar.core.audio import BYTES_PER_SECOND, SAMPLE_RATE, is_silent, to_bytes, to_seconds


@given(st.integers(0, 10**7))
def test_a_duration_that_came_from_bytes_is_as_many_bytes_again(samples: int) -> None:
    """No sample is lost where seconds are kept, as in positions and marks."""
    assert to_bytes(to_seconds(2 * samples)) == 2 * samples


@given(st.floats(0, 600))
def test_bytes_are_whole_samples(seconds: float) -> None:
    """Half a sample would make noise of everything behind it."""
    size = to_bytes(seconds)

    assert size % 2 == 0
    assert abs(to_seconds(size) - seconds) <= 1 / SAMPLE_RATE


def test_silence_is_what_nobody_hears() -> None:
    """The noise between words is silence, a soft word is not; nothing at all is silent."""
    second = BYTES_PER_SECOND // 2

    assert is_silent(b"")
    assert is_silent((100).to_bytes(2, "little", signed=True) * second)
    assert not is_silent((1_000).to_bytes(2, "little", signed=True) * second)
    assert not is_silent((-1_000).to_bytes(2, "little", signed=True) * second)


def test_a_short_sound_in_a_long_silence_is_found() -> None:
    """Ten milliseconds are looked at in many places."""
    sound = (5_000).to_bytes(2, "little") * (SAMPLE_RATE // 100)

    assert not is_silent(bytes(BYTES_PER_SECOND) + sound + bytes(BYTES_PER_SECOND))

"""Seconds and bytes of the one audio format, and the threshold of silence."""

from hypothesis import given
from hypothesis import strategies as st

from avatar.core.audio import BYTES_PER_SECOND, SAMPLE_RATE, is_silent, to_bytes, to_seconds


@given(st.integers(0, 10**7))
def test_bytes_convert_to_seconds_and_back(samples: int) -> None:
    """Positions and marks in seconds lose no sample."""
    assert to_bytes(to_seconds(2 * samples)) == 2 * samples


@given(st.floats(0, 600))
def test_bytes_are_whole_samples(seconds: float) -> None:
    """Half a sample would turn all audio after it into noise."""
    size = to_bytes(seconds)

    assert size % 2 == 0
    assert abs(to_seconds(size) - seconds) <= 1 / SAMPLE_RATE


def test_audio_below_hearing_is_silence() -> None:
    """The noise between words is silence, a soft word is not; empty audio is silence."""
    second = BYTES_PER_SECOND // 2

    assert is_silent(b"")
    assert is_silent((100).to_bytes(2, "little", signed=True) * second)
    assert not is_silent((1_000).to_bytes(2, "little", signed=True) * second)
    assert not is_silent((-1_000).to_bytes(2, "little", signed=True) * second)


def test_a_short_sound_in_a_long_silence_is_found() -> None:
    """A sound of 10 ms is found wherever it is in the audio."""
    sound = (5_000).to_bytes(2, "little") * (SAMPLE_RATE // 100)

    assert not is_silent(bytes(BYTES_PER_SECOND) + sound + bytes(BYTES_PER_SECOND))

"""The level of a sound in bands and cells, at any sample rate and in pieces of any length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.conversation.band_levels import BANDS, SILENCE, LevelMeter, Levels, Samples, silence


def tone(rate: int, hertz: float, amplitude: float, seconds: float = 0.1) -> Samples:
    """Make a sine wave."""
    times = np.arange(round(rate * seconds)) / rate
    return np.round(amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize(("hertz", "band"), [(200, 0), (450, 1), (800, 2), (1_300, 3), (2_300, 4)])
def test_a_tone_is_in_its_band(rate: int, hertz: float, band: int) -> None:
    """Its level is the root mean square at any sample rate: 57 dB for an amplitude of 1000."""
    levels = LevelMeter().take(tone(rate, hertz, 1_000), rate)

    assert levels.shape == (5, BANDS)
    assert (levels.argmax(axis=1) == band).all()
    assert levels[:, band] == pytest.approx(np.full(5, 57.0), abs=2.0)


@given(st.lists(st.integers(0, 900), max_size=20))
def test_pieces_measure_the_same_as_the_whole(lengths: list[int]) -> None:
    """Samples that don't fill a cell wait for the next piece."""
    sound = tone(16_000, 700, 5_000, seconds=2.0)
    meter, at, parts = LevelMeter(), 0, list[Levels]()
    for length in lengths:
        parts.append(meter.take(sound[at : at + length], 16_000))
        at += length
    whole = LevelMeter().take(sound[: min(at, len(sound))], 16_000)

    assert np.concatenate([silence(0), *parts]).tolist() == whole.tolist()


def test_silence_has_the_lowest_level() -> None:
    """Samples that were dropped don't count."""
    meter = LevelMeter()
    meter.take(tone(16_000, 700, 5_000, seconds=0.01), 16_000)
    meter.clear()
    levels = meter.take(np.zeros(640, np.int16), 16_000)

    assert levels == pytest.approx(silence(2))
    assert levels.max() == pytest.approx(SILENCE)

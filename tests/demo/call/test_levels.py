"""Detection of sound, in synthetic PCM."""

from __future__ import annotations

import numpy as np
import pytest

from demo.call.levels import RATE_HZ, Samples, SoundDetector, trim


def tone(seconds: float, amplitude: int = 6000) -> Samples:
    """Make a tone of 200 Hz."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * 200 * t)).astype(np.int16)


def quiet(seconds: float) -> Samples:
    """Make a silence that a codec has processed: not all zero."""
    return np.random.default_rng(7).integers(-3, 4, round(seconds * RATE_HZ)).astype(np.int16)


def heard(*parts: Samples, at: float = 100.0) -> SoundDetector:
    """Push the parts as a track does, 10 ms after 10 ms, from an instant on."""
    detector = SoundDetector()
    samples = np.concatenate(parts)
    for end in range(480, len(samples) + 1, 480):
        detector.push(samples[end - 480 : end], at + end / RATE_HZ)
    return detector


def intervals(detector: SoundDetector) -> list[tuple[float, float]]:
    """Return the intervals that were found, in seconds from the start, to the hundredth."""
    return [(round(sound.started_at - 100, 2), round(sound.ended_at - 100, 2)) for sound in detector.sounds]


def test_sound_starts_and_ends_where_the_tone_does() -> None:
    """The times are exact to a window of 10 ms."""
    assert intervals(heard(quiet(0.5), tone(1.0), quiet(0.5))) == [(0.5, 1.5)]


def test_a_pause_separates_two_sounds() -> None:
    """A pause between words ends a sound."""
    assert intervals(heard(tone(0.2), quiet(0.1), tone(0.3), quiet(0.1))) == [(0.0, 0.2), (0.3, 0.6)]


def test_sound_continues_over_the_closure_of_a_consonant() -> None:
    """Four quiet windows do not end a sound."""
    assert intervals(heard(tone(0.2), quiet(0.04), tone(0.2), quiet(0.1))) == [(0.0, 0.44)]


def test_a_click_is_not_sound() -> None:
    """A sound shorter than 30 ms is left out."""
    assert intervals(heard(quiet(0.2), tone(0.02), quiet(0.2))) == []


def test_a_faint_hum_is_not_sound() -> None:
    """A level below -40 dBFS is quiet."""
    assert intervals(heard(tone(1.0, amplitude=200))) == []


def test_sound_is_known_before_it_ends() -> None:
    """A wait for the first sound ends before the sound does."""
    assert heard(quiet(0.5), tone(0.05)).first_after(100.0) is not None


def test_the_first_sound_after_an_instant_leaves_out_an_ongoing_one() -> None:
    """Sound that began before an interruption is not taken for the answer to it."""
    detector = heard(tone(1.0), quiet(0.5), tone(0.5))

    sound = detector.first_after(100.4)

    assert sound is not None
    assert sound.started_at == pytest.approx(101.5)


def test_quiet_counts_from_the_last_sound() -> None:
    """Without a later sound it counts from the queried instant."""
    detector = heard(tone(1.0), quiet(0.5))

    assert detector.quiet_since(100.2) == pytest.approx(101.0)
    assert detector.quiet_since(101.2) == pytest.approx(101.2)
    assert SoundDetector().quiet_since(5.0) == pytest.approx(5.0)


def test_trim_leaves_the_speech() -> None:
    """The quiet before and after is cut to 40 ms, and the pause within stays."""
    speech = np.concatenate([tone(0.3), quiet(0.5), tone(0.2)])

    assert len(trim(np.concatenate([quiet(0.2), speech, quiet(0.4)]))) == len(speech) + 2 * 0.04 * RATE_HZ
    assert len(trim(speech)) == len(speech)
    assert len(trim(quiet(1.0))) == 0

"""Conversion of frames to the service's format, without a loss at a segment's end."""

import itertools
import math
from array import array

import pytest
from livekit import rtc

from avatar.audio_format import Converter
from avatar.core.audio import to_seconds


def frame(pcm: bytes, *, rate: int = 24_000, channels: int = 1) -> rtc.AudioFrame:
    """Return a frame of these samples."""
    return rtc.AudioFrame(pcm, rate, channels, len(pcm) // 2 // channels)


def tone(seconds: float, *, rate: int, hertz: int = 440) -> "array[int]":
    """Return a sine at a quarter of full scale."""
    return array("h", (round(8_000 * math.sin(2 * math.pi * hertz * at / rate)) for at in range(round(seconds * rate))))


def test_audio_in_the_services_format_is_unchanged() -> None:
    """Such audio is neither resampled nor held back."""
    converter, pcm = Converter(), tone(0.02, rate=24_000).tobytes()

    assert converter.push(frame(pcm)) == pcm
    assert converter.flush() == b""


def test_channels_are_averaged() -> None:
    """Speech on one of two channels has half its loudness."""
    stereo = array("h", (sample for left in (100, -100, 3_000) for sample in (left, 0)))

    assert array("h", Converter().push(frame(stereo.tobytes(), channels=2))).tolist() == [50, -50, 1_500]


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_another_rate_keeps_length_and_pitch(rate: int) -> None:
    """The end comes with the flush; the tone has as many zero crossings as before."""
    converter, source = Converter(), tone(1.0, rate=rate)
    pieces = [source[at : at + rate // 50].tobytes() for at in range(0, len(source), rate // 50)]
    pcm = b"".join(converter.push(frame(piece, rate=rate)) for piece in pieces) + converter.flush()
    samples = array("h", pcm)

    assert to_seconds(len(pcm)) == pytest.approx(1.0, abs=0.002)
    assert sum(a < 0 <= b for a, b in itertools.pairwise(samples)) == pytest.approx(440, abs=2)


def test_a_dropped_segment_leaks_nothing_into_the_next() -> None:
    """The resampler's remainder of an interrupted segment does not begin the next one."""
    converter = Converter()
    converter.push(frame(tone(0.1, rate=48_000).tobytes(), rate=48_000))
    converter.clear()
    silence = converter.push(frame(bytes(9_600), rate=48_000)) + converter.flush()

    assert max(abs(sample) for sample in array("h", silence)) <= 1  # the resampler's noise


def test_the_rate_may_change_between_segments() -> None:
    """The TTS may change its voice, and with it the rate."""
    converter = Converter()
    lengths = []
    for rate in (16_000, 48_000, 24_000):
        pcm = converter.push(frame(tone(0.5, rate=rate).tobytes(), rate=rate)) + converter.flush()
        lengths.append(to_seconds(len(pcm)))

    assert lengths == pytest.approx([0.5, 0.5, 0.5], abs=0.002)

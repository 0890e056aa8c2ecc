"""Detection of speech: numbers in, events out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.deepgram.endpointer import Endpointer, Event, SilenceLasted, SpeechEnded, SpeechStarted

RATE = 16000


def _tone(seconds: float, level: float = 4000.0) -> bytes:
    samples = level * np.sin(np.arange(round(seconds * RATE)) * 0.2)
    return bytes(samples.astype(np.int16).data)


def _noise(seconds: float, level: float) -> bytes:
    return np.random.default_rng(0).normal(0, level, round(seconds * RATE)).astype(np.int16).tobytes()


def _silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def _push(endpointer: Endpointer, *pieces: bytes) -> list[Event]:
    return [event for piece in pieces for event in endpointer.push(piece)]


def test_an_utterance_is_reported_from_start_to_end() -> None:
    """The start of speech between silences is reported, then all of it with the audio just before it."""
    started, ended = _push(Endpointer(RATE, endpointing=0.3), _silence(1.0), _tone(1.0), _silence(1.0))

    assert isinstance(started, SpeechStarted)
    assert started.at == pytest.approx(1.0)
    assert isinstance(ended, SpeechEnded)
    assert not ended.is_cut
    utterance = ended.utterance
    assert utterance.start == pytest.approx(1.0 - 0.24)
    assert utterance.voiced_end == pytest.approx(2.0, abs=0.021)
    assert _tone(1.0) in bytes(utterance.pcm)


@given(sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=30))
def test_the_size_of_the_pieces_does_not_matter(sizes: list[int]) -> None:
    """Audio may come in pieces of any size, odd ones too."""
    audio = _silence(0.5) + _tone(0.4) + _silence(0.6) + _tone(0.3) + _silence(0.4)
    pieces, at = list[bytes](), 0
    while at < len(audio):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(audio[at : at + size])
        at += size

    whole = _push(Endpointer(RATE, endpointing=0.3, utterance_end=0.35), audio)
    in_pieces = _push(Endpointer(RATE, endpointing=0.3, utterance_end=0.35), *pieces)

    assert in_pieces == whole
    assert len(whole) == 6


def test_a_pause_within_a_phrase_does_not_cut_it() -> None:
    """Endpointing of 25 ms, the plugin's default, still waits longer than a comma lasts."""
    events = _push(Endpointer(RATE, endpointing=0.025), _tone(0.5), _silence(0.2), _tone(0.5), _silence(0.5))

    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded]


def test_without_endpointing_only_finalize_ends_an_utterance() -> None:
    """With endpointing=false an utterance stays open through silence."""
    endpointer = Endpointer(RATE, endpointing=None)
    events = _push(endpointer, _tone(0.5), _silence(3.0))

    assert [type(event) for event in events] == [SpeechStarted]
    utterance = endpointer.finalize()
    assert utterance
    assert utterance.silence == pytest.approx(3.0, abs=0.02)
    assert endpointer.finalize() is None


def test_long_silence_is_reported_once_after_the_utterance() -> None:
    """`utterance_end_ms` counts from the end of the last word."""
    events = _push(Endpointer(RATE, endpointing=0.3, utterance_end=1.0), _tone(0.5), _silence(5.0))

    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded, SilenceLasted]
    assert isinstance(events[-1], SilenceLasted)
    assert events[-1].last_word_end == pytest.approx(0.5, abs=0.021)


def test_a_click_is_not_speech() -> None:
    """A sound shorter than three frames is noise."""
    assert _push(Endpointer(RATE, endpointing=0.3), _silence(0.5), _tone(0.03), _silence(0.5)) == []


def test_steady_noise_is_learnt() -> None:
    """Noise from the start is not speech, and speech over it is."""
    endpointer = Endpointer(RATE, endpointing=0.3)

    assert _push(endpointer, _noise(3.0, level=400)) == []
    events = _push(endpointer, _tone(0.5, level=6000), _noise(1.0, level=400))
    assert [type(event) for event in events] == [SpeechStarted, SpeechEnded]


def test_endless_speech_is_cut() -> None:
    """A minute without a pause is split, so that nothing grows without limit."""
    syllable = _tone(0.3) + _silence(0.1)
    events = _push(Endpointer(RATE, endpointing=0.3), *[syllable] * 150)

    cuts = [event for event in events if isinstance(event, SpeechEnded)]
    assert len(cuts) >= 2
    assert all(cut.is_cut for cut in cuts)
    assert all(len(cut.utterance.pcm) <= 2 * RATE * 20.1 for cut in cuts)

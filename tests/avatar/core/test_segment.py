"""The timeline of one segment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.audio import BYTES_PER_SECOND, to_bytes, to_seconds
from avatar.core.segment import Segment
from avatar.core.words import Word

SECOND = b"\x01\x00" * (BYTES_PER_SECOND // 2)
# 10 ms each.
LOUD, SILENT = b"\x00\x20" * 240, b"\x05\x00" * 240


def test_rewound_speech_is_handed_over_again() -> None:
    """After a rewind, speech continues from the played position."""
    segment = Segment(1, 0.0)
    segment.append(SECOND + b"\x02\x00" * (BYTES_PER_SECOND // 2), 0.0)
    segment.take(2.0)
    segment.rewind(1.0)

    assert segment.pending == 1.0
    assert segment.take(2.0) == b"\x02\x00" * (BYTES_PER_SECOND // 2)


def test_memory_holds_little_more_than_unplayed_speech() -> None:
    """Played audio is dropped except for the last 6 s; positions still count from the start."""
    segment = Segment(1, 0.0)
    segment.append(SECOND * 30, 0.0)
    segment.take(30.0)
    segment.forget_before(29.0)

    assert len(segment._pcm) == 7.0 * BYTES_PER_SECOND
    assert segment.captured == 30.0


def test_the_first_piece_gives_no_rate() -> None:
    """The start of its synthesis is unknown, so there is no rate before the second piece."""
    segment = Segment(1, 1.0)
    segment.append(SECOND * 5, 1.0)

    assert segment.rate == float("inf")


def test_the_rate_is_speech_per_time() -> None:
    """Two pieces of 0.1 s in the 0.25 s after the first give a rate of 0.8."""
    segment = Segment(1, 1.0)
    for at in (1.0, 1.1, 1.25):
        segment.append(LOUD * 10, at)

    assert segment.rate == pytest.approx(0.8)


def test_a_cut_word_is_said_again() -> None:
    """Speech continues after the last gap before the cut; the played position does not change."""
    segment = Segment(1, 0.0)
    segment.append(LOUD * 20 + SILENT * 5 + LOUD * 40, 0.0)
    segment.take(0.65)
    segment.rewind(0.40)

    assert segment.resume() == 0.25
    assert segment.played == 0.40
    assert segment.take(1.0) == LOUD * 40


def test_known_word_times_replace_the_search_for_a_gap() -> None:
    """The cut word is said from the start that the TTS reported."""
    segment = Segment(1, 0.0)
    segment.append(LOUD * 20 + SILENT * 5 + LOUD * 40, 0.0, [Word(0.0, 0.1), Word(0.1, 0.6)])
    segment.take(0.65)
    segment.rewind(0.40)

    assert segment.resume() == 0.1


def test_a_word_longer_than_the_buffer_is_said_from_the_buffers_start() -> None:
    """Speech that was dropped from the buffer is not repeated."""
    segment = Segment(1, 0.0)
    segment.append(SECOND * 10, 0.0, [Word(0.0, 10.0)])
    segment.take(10.0)
    segment.rewind(8.0)

    assert segment.resume() == 2.0


def test_without_a_gap_speech_continues_where_it_was_cut() -> None:
    """Without a gap to rewind to, no sample is said twice."""
    segment = Segment(1, 0.0)
    segment.append(LOUD * 100, 0.0)
    segment.take(1.0)
    segment.rewind(0.40)

    assert segment.resume() == 0.40


@given(st.lists(st.integers(0, 2000), max_size=20), st.lists(st.floats(0.001, 0.1), max_size=40))
def test_chunks_add_up_to_what_was_captured(samples: list[int], takes: list[float]) -> None:
    """However speech is cut, no byte is lost, repeated or split from its sample."""
    segment, whole = Segment(1, 0.0), b""
    for value, count in enumerate(samples):
        pcm = value.to_bytes(2, "little") * count
        segment.append(pcm, 0.0)
        whole += pcm
    chunks = [segment.take(seconds) for seconds in takes]

    assert all(len(chunk) % 2 == 0 for chunk in chunks)
    assert whole.startswith(b"".join(chunks))


@given(st.integers(0, 10_000_000))
def test_seconds_and_bytes_convert_without_loss(samples: int) -> None:
    """A duration that came from whole samples is the same number of bytes again."""
    assert to_bytes(to_seconds(samples * 2)) == samples * 2

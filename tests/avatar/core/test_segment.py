"""The timeline of one segment."""

from hypothesis import given
from hypothesis import strategies as st

from avatar.core.audio import BYTES_PER_SECOND, to_bytes, to_seconds
from avatar.core.segment import Segment

SECOND = b"\x01\x00" * (BYTES_PER_SECOND // 2)


def test_what_was_rewound_is_handed_over_again() -> None:
    """After a rewind, the speech goes on from the played position."""
    segment = Segment(1)
    segment.append(SECOND + b"\x02\x00" * (BYTES_PER_SECOND // 2))
    segment.take(2.0)
    segment.rewind(1.0)

    assert segment.pending == 1.0
    assert segment.take(2.0) == b"\x02\x00" * (BYTES_PER_SECOND // 2)


def test_memory_holds_the_unplayed_speech_alone() -> None:
    """What was played is forgotten; positions still count from the start."""
    segment = Segment(1)
    segment.append(SECOND * 3)
    segment.take(3.0)
    segment.forget(2.0)

    assert segment.unplayed_bytes == BYTES_PER_SECOND
    assert (segment.captured, segment.played) == (3.0, 2.0)


def test_nothing_is_kept_for_a_segment_that_is_finished() -> None:
    """Audio that comes after the end was reported has nowhere to go."""
    segment = Segment(1)
    segment.finished = True
    segment.append(SECOND)

    assert segment.captured == 0


@given(st.lists(st.integers(0, 2000), max_size=20), st.lists(st.floats(0.001, 0.1), max_size=40))
def test_chunks_add_up_to_what_was_captured(samples: list[int], takes: list[float]) -> None:
    """However it is cut, no byte is lost, repeated or split from its sample."""
    segment, whole = Segment(1), b""
    for value, count in enumerate(samples):
        pcm = value.to_bytes(2, "little") * count
        segment.append(pcm)
        whole += pcm
    chunks = [segment.take(seconds) for seconds in takes]

    assert all(len(chunk) % 2 == 0 for chunk in chunks)
    assert whole.startswith(b"".join(chunks))


@given(st.integers(0, 10_000_000))
def test_seconds_and_bytes_convert_without_loss(samples: int) -> None:
    """A duration that came from whole samples is the same number of bytes again."""
    assert to_bytes(to_seconds(samples * 2)) == samples * 2

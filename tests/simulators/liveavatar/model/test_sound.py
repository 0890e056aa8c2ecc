"""The sound that was heard, with its silences."""

from __future__ import annotations

import pytest

from simulators.liveavatar.model import RATE_HZ, Utterance
from simulators.liveavatar.model.sound import Sound

FIRST, SECOND = Utterance(1, "u1"), Utterance(2, "u2")


@pytest.mark.parametrize("keeps", [True, False])
def test_sound_is_returned_once_with_silence_between_its_pieces(keeps: bool) -> None:
    """The sound begins where the last call ended."""
    sound = Sound(keeps=keeps)
    sound.add(2, b"aabb", FIRST)
    assert sound.take(5) == b"\0\0\0\0aabb\0\0"

    sound.add(6, b"cc", SECOND)
    assert sound.take(7) == b"\0\0cc"
    assert sound.take(8) == b"\0\0"
    assert sound.pcm == (b"aabbcc" if keeps else b"")


def test_spans_join_pieces_of_one_utterance_without_a_gap() -> None:
    """Another utterance or a gap begins another span."""
    sound = Sound(keeps=True)
    for position, utterance in ((0, FIRST), (1, FIRST), (2, SECOND), (4, SECOND)):
        sound.add(position, b"aa", utterance)
    sound.add(9, b"", SECOND)

    spans = [(begin * RATE_HZ, end * RATE_HZ, utterance.number) for begin, end, utterance in sound.spans]
    assert spans == [(0, 2, 1), (2, 3, 2), (4, 5, 2)]

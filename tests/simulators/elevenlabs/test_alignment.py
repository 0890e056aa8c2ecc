"""Character times from word times."""

from simulators.elevenlabs.alignment import align, normalise
from simulators.speech import Speech, Word

SPEECH = Speech(b"", 24000, [Word("Hi", 0.0, 0.2), Word("you.", 0.3, 0.7)])


def test_every_character_has_its_time() -> None:
    """Letters share their word's time evenly, and what follows the last word lasts until the end."""
    timing = align("Hi you. ", SPEECH, starts_at=0.0, ends_at=1.0)

    assert timing.starts_ms == [0, 100, 200, 300, 400, 500, 600, 700]
    assert timing.end_ms == 1000


def test_times_go_on_through_a_context() -> None:
    """A second sentence is timed from the start of the first."""
    assert align("Hi you.", SPEECH, starts_at=2.0, ends_at=3.0).starts_ms[0] == 2000


def test_pieces_hold_every_character_once() -> None:
    """Cut anywhere, the parts of an alignment are the whole."""
    timing = align("Hi you. ", SPEECH, starts_at=0.0, ends_at=1.0)
    parts = [timing.between(at, at + 250) for at in range(0, 1000, 250)]

    assert ["".join(part["chars"]) if part else "" for part in parts] == ["Hi ", "yo", "u. ", ""]
    assert [part["charDurationsMs"] for part in parts if part] == [[100, 100, 100], [100, 100], [100, 100, 300]]


def test_the_normalised_alignment_is_of_what_is_pronounced() -> None:
    """Numbers in words and Chinese in Latin letters, in the time of the characters that they stand for."""
    timing = align(
        "$5 春。", Speech(b"", 24000, [Word("$5", 0.0, 0.4), Word("春。", 0.6, 1.0)]), starts_at=0.0, ends_at=1.2
    )
    written = timing.between(0, 1200)
    pronounced = normalise(written)

    assert written is not None
    assert pronounced is not None
    assert "".join(written["chars"]) == "$5 春。"
    assert "".join(pronounced["chars"]) == "dollars five  66251 。"
    assert pronounced["charStartTimesMs"] == sorted(pronounced["charStartTimesMs"])
    assert pronounced["charStartTimesMs"][8] == written["charStartTimesMs"][1]


def test_a_chunk_without_characters_has_neither_alignment() -> None:
    """As a silence within a speech."""
    assert normalise(None) is None

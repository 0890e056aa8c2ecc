"""Times of characters, from times of words."""

from simulators.elevenlabs.alignment import align, normalise
from simulators.speech import Speech, Word

SPEECH = Speech(b"", 24000, [Word("Hi", 0.0, 0.2), Word("you.", 0.3, 0.7)])


def test_every_character_has_its_time() -> None:
    """Letters share their word's time evenly, and characters after the last word last until the end."""
    timing = align("Hi you. ", SPEECH, starts_at=0.0, ends_at=1.0)

    assert timing.starts_ms == [0, 100, 200, 300, 400, 500, 600, 700]
    assert timing.end_ms == 1000


def test_times_continue_through_a_context() -> None:
    """A second sentence is timed from the start of the first."""
    assert align("Hi you.", SPEECH, starts_at=2.0, ends_at=3.0).starts_ms[0] == 2000


def test_parts_have_every_character_once() -> None:
    """However an alignment is cut, its parts make up the whole."""
    timing = align("Hi you. ", SPEECH, starts_at=0.0, ends_at=1.0)
    parts = [timing.between(at, at + 250) for at in range(0, 1000, 250)]

    assert ["".join(part["chars"]) if part else "" for part in parts] == ["Hi ", "yo", "u. ", ""]
    assert [part["charDurationsMs"] for part in parts if part] == [[100, 100, 100], [100, 100], [100, 100, 300]]


def test_the_normalised_alignment_is_of_the_pronounced_text() -> None:
    """Numbers are in words and Chinese in Latin letters, in the time of the characters that they replace."""
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
    """A silence within speech, for example, has none."""
    assert normalise(None) is None

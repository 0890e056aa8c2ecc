"""Character times from word times."""

from simulators.elevenlabs.alignment import align
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

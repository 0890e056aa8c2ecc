"""Whether an avatar's track is silent while it should sound."""

from avatar.core.sound_monitor import SoundMonitor


def silent_since(looks: list[tuple[str | None, float]]) -> list[float | None]:
    """Return the monitor's reports for looks half a second apart."""
    monitor = SoundMonitor()
    return [monitor.note(track, energy, number / 2) for number, (track, energy) in enumerate(looks)]


def test_a_track_that_froze_is_found_out() -> None:
    """Three seconds without a sound, counted from the last one."""
    assert silent_since([("a", 0.1), ("a", 0.2), *[("a", 0.2)] * 6])[-1] == 0.5


def test_a_track_that_sounds_is_left_alone() -> None:
    """Its energy grows from look to look."""
    assert silent_since([("a", number / 10) for number in range(20)]) == [None] * 20


def test_a_track_that_replaces_another_counts_from_zero() -> None:
    """Its energy is lower than that of the one before, and it is heard all the same."""
    before = [("a", 2.0 + number / 10) for number in range(3)]
    after: list[tuple[str | None, float]] = [("b", 0.02 + number / 20) for number in range(12)]

    assert silent_since([*before, *after]) == [None] * 15


def test_a_track_of_which_nothing_was_ever_heard_is_left_alone() -> None:
    """Its statistics may not tell."""
    assert silent_since([("a", 0.0)] * 20) == [None] * 20
    assert silent_since([(None, 0.0)] * 20) == [None] * 20


def test_silence_that_should_be_does_not_count() -> None:
    """After a pause of the speech the three seconds begin again."""
    monitor = SoundMonitor()
    monitor.note("a", 0.1, 0.0)
    monitor.reset()

    assert monitor.note("a", 0.1, 10.0) is None
    assert monitor.note("a", 0.1, 12.0) is None
    assert monitor.note("a", 0.1, 13.0) == 10.0

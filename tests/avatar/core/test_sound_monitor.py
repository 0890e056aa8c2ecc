"""Detection of an avatar's track that is silent while it should sound."""

from avatar.core.sound_monitor import SoundMonitor


def silent_since(speaks: list[bool], energies: list[float | None]) -> tuple[list[float | None], int]:
    """Return the monitor's reports for checks half a second apart, and how often the energy was read."""
    monitor, reports, looks = SoundMonitor(), list[float | None](), 0
    for number, (speaking, energy) in enumerate(zip(speaks, energies, strict=True)):
        now = number / 2
        monitor.note_report("face", now, speaks=speaking)
        if monitor.is_doubtful(now):
            looks += 1
            reports.append(monitor.note_energy(energy, now))
    return [since for since in reports if since is not None], looks


def test_a_frozen_track_is_detected() -> None:
    """Detection takes three seconds without a report and without sound, counted from the last report."""
    assert silent_since([True, True, *[False] * 6], [0.2] * 8) == ([0.5], 4)


def test_the_energy_is_not_read_while_the_server_reports_speech() -> None:
    """A pause of a second in the speech changes nothing."""
    assert silent_since([True, False, False] * 8, [0.2] * 24) == ([], 0)


def test_a_track_that_sounds_is_not_reported() -> None:
    """The track's energy grows from check to check, although the server reports no speech."""
    energies: list[float | None] = [number / 10 for number in range(20)]

    assert silent_since([True, *[False] * 19], energies)[0] == []


def test_an_avatar_that_was_never_heard_is_not_reported() -> None:
    """The avatar's track may not report its level."""
    assert silent_since([False] * 20, [0.0] * 20) == ([], 0)


def test_unreadable_statistics_report_nothing() -> None:
    """The three seconds begin again with each."""
    assert silent_since([True, *[False] * 19], [None] * 20)[0] == []


def test_expected_silence_does_not_count() -> None:
    """After a pause in the speech the three seconds begin again."""
    monitor = SoundMonitor()
    monitor.note_report("face", 0.0, speaks=True)
    monitor.reset()
    monitor.note_report("face", 10.0, speaks=False)

    assert not monitor.is_doubtful(11.0)
    assert monitor.is_doubtful(11.5)
    assert [monitor.note_energy(0.1, at) for at in (11.5, 12.5, 13.0)] == [None, None, 10.0]


def test_another_avatar_must_be_heard_first() -> None:
    """Tracks may differ in whether they report their level."""
    monitor = SoundMonitor()
    monitor.note_report("face", 0.0, speaks=True)
    monitor.note_report("face-2", 0.5, speaks=False)

    assert not monitor.is_doubtful(9.0)

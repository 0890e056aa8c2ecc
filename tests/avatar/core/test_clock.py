"""The playback clock."""

from hypothesis import given
from hypothesis import strategies as st

from avatar.core.clock import PlaybackClock, Run


def test_the_clock_stands_until_the_avatar_speaks() -> None:
    """Handing audio over does not count as playing it."""
    clock = PlaybackClock()
    clock.hand_over(2.0, now=1.0)

    assert clock.played(9.0) == 0
    assert clock.dry_at is None


def test_the_clock_runs_up_to_the_audio_that_was_handed_over() -> None:
    """The clock runs from the start of speech, and stops at the end of the audio that was sent."""
    clock = PlaybackClock()
    clock.hand_over(2.0, now=1.0)
    clock.start(1.5)

    assert clock.played(2.0) == 0.5
    assert clock.dry_at == 3.5
    assert clock.played(9.0) == 2.0


def test_the_clock_stands_while_the_avatar_is_starved() -> None:
    """Time without audio is not played time, and ends a run."""
    clock = PlaybackClock()
    clock.hand_over(1.0, now=0.0)
    clock.start(0.0)
    clock.hand_over(1.0, now=3.0)

    assert clock.played(3.5) == 1.5
    assert clock.take_runs() == [Run(0.0, 0.0, 1.0)]


def test_a_late_report_of_resumed_speech_corrects_the_clock() -> None:
    """A starved avatar that reports speech again has not spoken before the report."""
    clock = PlaybackClock()
    clock.hand_over(1.0, now=0.0)
    clock.start(0.0)
    clock.hand_over(1.0, now=3.0)
    clock.start(3.25)

    assert clock.played(3.5) == 1.25


def test_finish_counts_everything_as_played() -> None:
    """The service's report of the end overrides the clock."""
    clock = PlaybackClock()
    clock.hand_over(1.0, now=0.0)
    clock.start(0.5)
    clock.finish(1.4)

    assert clock.played(1.4) == 1.0
    assert clock.take_runs() == [Run(0.5, 0.0, 1.0)]


@given(st.lists(st.tuples(st.sampled_from(["hand_over", "start", "stop"]), st.floats(0, 3)), max_size=30))
def test_played_never_exceeds_what_was_handed_over(steps: list[tuple[str, float]]) -> None:
    """Whatever happens, 0 <= played <= handed over."""
    clock, now = PlaybackClock(), 0.0
    for name, seconds in steps:
        now += seconds
        if name == "hand_over":
            clock.hand_over(seconds, now)
        else:
            getattr(clock, name)(now)

        assert 0 <= clock.played(now) <= clock.handed

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.speech.playout import Playout, played, reached, starts

durations = st.lists(st.floats(0.0, 100.0), max_size=12)
positions = st.floats(0.0, 2000.0)


@given(durations, positions)
def test_the_played_times_of_the_sentences_add_up_to_the_position(lengths: list[float], position: float) -> None:
    """No time is lost or counted twice, up to the end of the audio."""
    assert sum(played(lengths, position)) == pytest.approx(min(position, sum(lengths)), abs=1e-6)


@given(durations, positions)
def test_a_sentence_is_played_only_after_the_ones_before_it(lengths: list[float], position: float) -> None:
    """At most one sentence is partly played; those before it are complete, those after it have not begun."""
    parts = played(lengths, position)
    count = reached(lengths, position)

    assert all(0.0 <= part <= length for part, length in zip(parts, lengths, strict=True))
    assert parts[: max(count - 1, 0)] == pytest.approx(lengths[: max(count - 1, 0)])
    assert not any(parts[count:])


@given(durations, positions, positions)
def test_the_mapping_never_decreases(lengths: list[float], first: float, second: float) -> None:
    """At a later position as many sentences or more have begun, and each was played as far or further."""
    early, late = sorted((first, second))

    assert reached(lengths, early) <= reached(lengths, late)
    assert all(a <= b for a, b in zip(played(lengths, early), played(lengths, late), strict=True))


@given(durations)
def test_a_segment_that_was_played_has_reached_every_sentence(lengths: list[float]) -> None:
    """This also holds for inexact sums of floats, and for sentences without audio."""
    playout = Playout()
    for length in lengths:
        playout.begin_sentence()
        playout.push(length, now=0.0)
    playout.correct(playout.pushed)

    assert reached(playout.durations, playout.position) == len(lengths)
    assert starts(playout.durations) == sorted(starts(playout.durations))


def test_the_position_stops_while_paused_or_out_of_audio() -> None:
    """It grows with time while audio plays, never beyond the audio, and follows the output's reports."""
    playout = Playout()
    playout.begin_sentence()
    playout.push(1.0, now=10.0)
    playout.advance(10.5, is_playing=True)
    assert (playout.position, playout.runs_dry_in(10.5)) == (0.0, 0.5)

    playout.start(11.0)
    playout.advance(11.25, is_playing=True)
    playout.advance(12.0, is_playing=False)
    assert (playout.position, playout.runs_dry_in(12.0)) == (0.25, 0.75)

    playout.advance(15.0, is_playing=True)
    playout.advance(16.0, is_playing=True)
    playout.push(1.0, now=16.0)
    playout.advance(16.5, is_playing=True)
    assert playout.position == 1.5

    playout.correct(1.25)
    assert playout.unplayed == 0.75

"""The table of an utterance."""

import itertools

import pytest

from avatar.core.utterance import UTTERANCE_TRANSITIONS, Utterance, UtteranceState, UtteranceTrigger

OPEN = (UtteranceState.SENT, UtteranceState.PLAYING, UtteranceState.STARVED)


def test_every_open_state_takes_every_trigger() -> None:
    """Whatever the service says and the framework does, the table has an answer."""
    for state, trigger in itertools.product(OPEN, UtteranceTrigger):
        assert trigger in UTTERANCE_TRANSITIONS[state]


def test_an_utterance_that_is_over_stays_over() -> None:
    """Moving it is a mistake of the caller, and changes nothing."""
    utterance = Utterance("u1", 0.0, 4.0, now=0.0)
    utterance.apply(UtteranceTrigger.DROPPED, 1.0)

    with pytest.raises(KeyError):
        utterance.apply(UtteranceTrigger.STARTED, 2.0)
    assert utterance.state is UtteranceState.OVER


def test_when_a_sink_is_silent_depends_on_whether_it_began() -> None:
    """A sink that plays runs dry by the clock; one that has not begun may start until its patience is over."""
    utterance = Utterance("u1", 0.0, 4.0, now=10.0)
    utterance.clock.hand_over(2.0, 10.0)
    assert utterance.silent_by == 16.0

    utterance.apply(UtteranceTrigger.STARTED, 11.0)
    assert utterance.silent_by == 13.0

"""The state table of an utterance."""

import itertools

import pytest

from avatar.core.utterance import UTTERANCE_TRANSITIONS, Utterance, UtteranceState, UtteranceTrigger

OPEN = (UtteranceState.SENT, UtteranceState.PLAYING, UtteranceState.STARVED)


def test_every_open_state_takes_every_trigger() -> None:
    """The table has a transition for everything that the service says and the framework does."""
    for state, trigger in itertools.product(OPEN, UtteranceTrigger):
        assert trigger in UTTERANCE_TRANSITIONS[state]


def test_a_finished_utterance_stays_finished() -> None:
    """A transition of a finished utterance raises and changes nothing."""
    utterance = Utterance("u1", 0.0, 4.0, now=0.0)
    utterance.apply(UtteranceTrigger.DROPPED, 1.0)

    with pytest.raises(KeyError):
        utterance.apply(UtteranceTrigger.STARTED, 2.0)
    assert utterance.state is UtteranceState.OVER


def test_the_deadline_of_a_silent_sink_depends_on_whether_it_began() -> None:
    """A sink that plays runs dry by the clock; one that has not begun has until its timeout."""
    utterance = Utterance("u1", 0.0, 4.0, now=10.0)
    utterance.clock.hand_over(2.0, 10.0)
    assert utterance.silent_by == 16.0

    utterance.apply(UtteranceTrigger.STARTED, 11.0)
    assert utterance.silent_by == 13.0

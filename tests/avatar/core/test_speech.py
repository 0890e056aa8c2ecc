"""The tables: of a speech, and of the link."""

import itertools

import pytest

from avatar.core.link import LINKS, Change, Link
from avatar.core.speech import TRANSITIONS, Speech, State, Trigger


def test_every_open_state_takes_every_trigger() -> None:
    """Whatever the service says and the framework does, the table has an answer."""
    for state, trigger in itertools.product((State.GIVEN, State.PLAYING, State.STARVED), Trigger):
        assert trigger in TRANSITIONS[state]


def test_what_is_over_stays_over() -> None:
    """Nothing moves a speech that is over; trying is a mistake, and changes nothing."""
    speech = Speech("u1", 0.0, now=0.0)
    speech.apply(Trigger.DROPPED, 1.0)

    with pytest.raises(KeyError):
        speech.apply(Trigger.TALKING, 2.0)
    assert speech.state is State.OVER


def test_every_link_can_be_lost_and_closed() -> None:
    """A connection may go at any moment, and everything may be given up."""
    for link in Link:
        assert {Change.LOST, Change.CLOSED} <= LINKS[link].keys()


def test_only_connected_makes_a_link_ready() -> None:
    """No other news lets commands leave."""
    ways = {(link, change) for link, moves in LINKS.items() for change, to in moves.items() if to is Link.READY}

    assert ways == {(Link.OPENING, Change.CONNECTED), (Link.READY, Change.CONNECTED)}

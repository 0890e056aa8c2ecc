"""The state tables: each is complete where a result may come at any time, and has no dead end but its last state."""

from enum import Enum

import pytest

from avatar.core.session import SESSION_TRANSITIONS, SessionState, SessionTrigger
from avatar.core.sink import FLOOR_TRANSITIONS, MUTE_TRANSITIONS, TRACK_TRANSITIONS
from avatar.core.utterance import UTTERANCE_TRANSITIONS
from avatar.core.wish import WISH_TRANSITIONS, Wish, WishTrigger

Table = dict[Enum, dict[Enum, Enum]]

TABLES = [
    UTTERANCE_TRANSITIONS,
    SESSION_TRANSITIONS,
    FLOOR_TRANSITIONS,
    TRACK_TRANSITIONS,
    MUTE_TRANSITIONS,
    WISH_TRANSITIONS,
]


@pytest.mark.parametrize("table", TABLES)
def test_every_state_can_be_reached(table: Table) -> None:
    """From the first state of a table there is a way to each of the others."""
    reached, to_visit = set(), [next(iter(table))]
    while to_visit:
        state = to_visit.pop()
        if state not in reached:
            reached.add(state)
            to_visit += table[state].values()

    assert reached == set(table)


def test_a_session_can_be_left_while_it_is_used() -> None:
    """Whatever a session does, the call may end."""
    used = {SessionState.STARTING, SessionState.OPENING, SessionState.GREETING, SessionState.READY, SessionState.AWAY}

    assert {state for state, moves in SESSION_TRANSITIONS.items() if SessionTrigger.LEFT in moves} == used


def test_a_session_that_was_asked_for_ends_stopped() -> None:
    """From each state there is a way to `STOPPED`, and none back into use."""
    after_use = {SessionState.ABANDONED, SessionState.LINGERING, SessionState.STOPPING, SessionState.STOP_FAILED}
    for state in after_use:
        assert set(SESSION_TRANSITIONS[state].values()) <= after_use | {SessionState.STOPPED}


def test_a_call_that_is_closed_wants_nothing() -> None:
    """A closed call can be neither engaged nor released."""
    assert set(WISH_TRANSITIONS[Wish.CLOSED]) <= {WishTrigger.GIVE_UP}

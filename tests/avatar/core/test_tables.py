"""The state tables: complete where a result may come at any time, with no dead end except the last state."""

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
    """Each state can be reached from the table's first state."""
    reached, to_visit = set(), [next(iter(table))]
    while to_visit:
        state = to_visit.pop()
        if state not in reached:
            reached.add(state)
            to_visit += table[state].values()

    assert reached == set(table)


def test_a_session_can_be_left_while_it_is_used() -> None:
    """In every state of a session the call may end."""
    used = {SessionState.STARTING, SessionState.OPENING, SessionState.GREETING, SessionState.READY, SessionState.AWAY}

    assert {state for state, moves in SESSION_TRANSITIONS.items() if SessionTrigger.LEFT in moves} == used


def test_a_requested_session_ends_stopped() -> None:
    """From each state there is a path to `STOPPED`, and none back into use."""
    after_use = {SessionState.ABANDONED, SessionState.LINGERING, SessionState.STOPPING, SessionState.STOP_FAILED}
    for state in after_use:
        assert set(SESSION_TRANSITIONS[state].values()) <= after_use | {SessionState.STOPPED}


def test_a_call_that_is_closed_wants_nothing() -> None:
    """A closed call can be neither engaged nor released."""
    assert set(WISH_TRANSITIONS[Wish.CLOSED]) <= {WishTrigger.GIVE_UP}

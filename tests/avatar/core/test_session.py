"""One session: its deadlines, and its billed time."""

import pytest

from avatar.core.session import Session, SessionState, SessionTrigger
from avatar.core.timings import Timings

TIMINGS = Timings()


def session(*triggers: SessionTrigger, ends_at: float | None = None) -> Session:
    """Return a session that was requested at 100 s and took these steps, one a second."""
    made = Session(1, "face", 1.0, 100.0)
    made.ends_at = ends_at
    for number, trigger in enumerate(triggers, 1):
        made.apply(trigger, 100.0 + number)
    return made


def test_an_executor_has_a_deadline_for_its_answer() -> None:
    """The deadline of a start is later than that of a stop; without a request to an executor nothing is overdue."""
    started = (SessionTrigger.STARTED, SessionTrigger.SOCKET_OPENED, SessionTrigger.WAITED)

    assert session().overdue_at(TIMINGS) == 100.0 + TIMINGS.start
    assert session(SessionTrigger.MAYBE_STARTED).overdue_at(TIMINGS) == 101.0 + TIMINGS.stop
    assert session(*started).overdue_at(TIMINGS) is None


@pytest.mark.parametrize(
    ("length", "relieved", "left"),
    [(600.0, 15.0, 2.0), (20.0, 10.0, 2.0), (5.0, 2.5, 0.0)],
    ids=["long", "sandbox", "too short for a successor"],
)
def test_a_session_is_replaced_before_its_end(length: float, relieved: float, left: float) -> None:
    """The change is due 15 s before the end, or at half its time; within a segment it waits for the last moment."""
    made = session(ends_at=100.0 + length)

    assert made.relieve_from(TIMINGS) == 100.0 + length - relieved
    assert made.leave_by(TIMINGS) == 100.0 + length - left


def test_a_session_without_a_known_end_is_not_replaced() -> None:
    """A session with an unknown end is used until it is lost."""
    made = session()

    assert made.relieve_from(TIMINGS) is None
    assert made.leave_by(TIMINGS) is None


def test_billed_time_ends_with_the_confirmed_stop() -> None:
    """A session counts from its request to its confirmed stop."""
    made = session(SessionTrigger.STARTED)
    assert made.seconds_used(130.0) == 30.0
    made.stopped_at = 120.0

    assert made.seconds_used(130.0) == 20.0


def test_a_stop_that_was_given_up_needs_no_attention() -> None:
    """The session may still be billed, but the call can end: the journal's sweep stops the session."""
    made = session(SessionTrigger.MAYBE_STARTED, SessionTrigger.STOP_FAILED)
    assert made.is_alive
    assert not made.needs_attention

    made.until = 110.0
    assert made.needs_attention


def test_an_invalid_transition_raises() -> None:
    """A transition outside the table raises and changes nothing."""
    made = session()
    with pytest.raises(KeyError):
        made.apply(SessionTrigger.SOCKET_LOST, 101.0)

    assert made.state is SessionState.STARTING

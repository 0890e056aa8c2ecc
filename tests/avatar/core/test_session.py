"""One session: its deadlines, and what is paid for."""

import pytest

from avatar.core.session import Session, SessionState, SessionTrigger
from avatar.core.timings import Timings

TIMINGS = Timings()


def session(*triggers: SessionTrigger, ends_at: float | None = None) -> Session:
    """A session that was asked for at 100 s and has come so far, a second for each step."""
    made = Session(1, "face", 1.0, 100.0)
    made.ends_at = ends_at
    for number, trigger in enumerate(triggers, 1):
        made.apply(trigger, 100.0 + number)
    return made


def test_an_executor_is_waited_for_as_long_as_its_answer_may_take() -> None:
    """A start longer than a stop; where no executor was asked, nothing is overdue."""
    started = (SessionTrigger.STARTED, SessionTrigger.SOCKET_OPENED, SessionTrigger.WAITED)

    assert session().overdue_at(TIMINGS) == 100.0 + TIMINGS.start
    assert session(SessionTrigger.MAYBE_STARTED).overdue_at(TIMINGS) == 101.0 + TIMINGS.stop
    assert session(*started).overdue_at(TIMINGS) is None


@pytest.mark.parametrize(
    ("length", "relieved", "left"),
    [(600.0, 15.0, 2.0), (20.0, 10.0, 2.0), (5.0, 2.5, 0.0)],
    ids=["long", "sandbox", "too short for a successor"],
)
def test_a_session_is_relieved_before_its_end(length: float, relieved: float, left: float) -> None:
    """Fifteen seconds before, or at half its time; in the middle of a segment it is left at the last moment."""
    made = session(ends_at=100.0 + length)

    assert made.relieve_from(TIMINGS) == 100.0 + length - relieved
    assert made.leave_by(TIMINGS) == 100.0 + length - left


def test_a_session_whose_end_is_not_known_is_not_relieved() -> None:
    """A session with an unknown end is used until it is lost."""
    made = session()

    assert made.relieve_from(TIMINGS) is None
    assert made.leave_by(TIMINGS) is None


def test_what_is_paid_for_ends_with_the_confirmed_stop() -> None:
    """Until then a session counts, from the moment at which it was asked for."""
    made = session(SessionTrigger.STARTED)
    assert made.seconds_used(130.0) == 30.0
    made.stopped_at = 120.0

    assert made.seconds_used(130.0) == 20.0


def test_a_stop_that_was_given_up_needs_no_attention() -> None:
    """The session may cost on, but the call can end: the sweep of the journal stops it."""
    made = session(SessionTrigger.MAYBE_STARTED, SessionTrigger.STOP_FAILED)
    assert made.is_alive
    assert not made.needs_attention

    made.until = 110.0
    assert made.needs_attention


def test_a_move_that_the_table_does_not_have_is_a_mistake() -> None:
    """A move outside the table raises and changes nothing."""
    made = session()
    with pytest.raises(KeyError):
        made.apply(SessionTrigger.SOCKET_LOST, 101.0)

    assert made.state is SessionState.STARTING

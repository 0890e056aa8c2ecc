"""Which events of a session are accepted, and to which utterance they belong."""

import pytest

from avatar.core.server_events import EventKind, ServerEvent
from avatar.core.stale_events import StaleEventFilter
from avatar.core.utterance import Utterance, UtteranceTrigger

PATIENCE = 1.0


def playing(event_id: str) -> Utterance:
    """Return an utterance that the avatar plays."""
    utterance = Utterance(event_id, 0.0, 4.0, 0.0)
    utterance.apply(UtteranceTrigger.STARTED, 0.0)
    return utterance


@pytest.fixture
def waiting() -> StaleEventFilter:
    """Return a filter after the interrupt `stop` of the utterance `old`, at 1 s."""
    events = StaleEventFilter(PATIENCE)
    events.interrupted("stop", playing("old"), 1.0)
    return events


def accepted(events: StaleEventFilter, event: ServerEvent, utterance: Utterance | None) -> bool:
    """Return whether an event is accepted for an utterance."""
    return events.accepts(event, utterance, 1.5, is_past=False)


def test_an_event_without_an_id_belongs_to_the_current_utterance() -> None:
    """Dialects without ids are understood."""
    assert accepted(StaleEventFilter(PATIENCE), ServerEvent(EventKind.STARTED), playing("new"))


def test_an_event_of_another_utterance_is_not_accepted() -> None:
    """Its id is that of a finished utterance, or any foreign id once the service has echoed ours."""
    events, utterance = StaleEventFilter(PATIENCE), playing("new")
    assert not events.accepts(ServerEvent(EventKind.SILENT, "old"), utterance, 1.0, is_past=True)
    assert accepted(events, ServerEvent(EventKind.STARTED, "new"), utterance)
    assert not accepted(events, ServerEvent(EventKind.SILENT, "of another client"), utterance)


def test_during_an_interrupt_only_events_with_an_id_are_accepted(waiting: StaleEventFilter) -> None:
    """An event without an id may be a late one of the old utterance."""
    utterance = playing("new")
    assert waiting.ignoring_until == 1.0 + PATIENCE
    assert not accepted(waiting, ServerEvent(EventKind.STARTED), utterance)
    assert accepted(waiting, ServerEvent(EventKind.STARTED, "new"), utterance)


@pytest.mark.parametrize("source", [None, "stop", "old"])
def test_a_confirmation_ends_the_wait(waiting: StaleEventFilter, source: str | None) -> None:
    """A confirmation has the id of the interrupt, of the dropped utterance, or none."""
    waiting.cleared(ServerEvent(EventKind.CLEARED, source))

    assert waiting.ignoring_until is None


def test_a_confirmation_of_an_earlier_interrupt_does_not_end_the_wait(waiting: StaleEventFilter) -> None:
    """Only the last interrupt is waited for."""
    waiting.cleared(ServerEvent(EventKind.CLEARED, "an earlier one"))

    assert waiting.ignoring_until is not None


def test_silence_ends_the_wait_and_belongs_to_the_old_utterance(waiting: StaleEventFilter) -> None:
    """The interrupt was carried out; later events belong to the new utterance."""
    utterance = playing("new")
    assert not accepted(waiting, ServerEvent(EventKind.SILENT), utterance)
    assert waiting.ignoring_until is None
    assert accepted(waiting, ServerEvent(EventKind.STARTED), utterance)


def test_after_the_wait_the_last_event_counts(waiting: StaleEventFilter) -> None:
    """The avatar began the new utterance during the wait, when the event was ignored."""
    accepted(waiting, ServerEvent(EventKind.STARTED), playing("new"))

    assert waiting.give_up() == 1.5
    assert waiting.ignoring_until is None


def test_an_utterance_that_never_began_needs_no_confirmation() -> None:
    """Services without confirmations send no event about an utterance that has not begun."""
    events = StaleEventFilter(PATIENCE)
    events.interrupted("stop", Utterance("old", 0.0, 4.0, 0.0), 1.0)
    assert events.ignoring_until is None

    accepted(events, ServerEvent(EventKind.APPENDED, "old"), None)
    events.interrupted("stop", Utterance("older", 0.0, 4.0, 0.0), 1.0)
    assert events.ignoring_until is not None


def test_a_lost_socket_ends_the_wait(waiting: StaleEventFilter) -> None:
    """The confirmation could only have come on that socket."""
    accepted(waiting, ServerEvent(EventKind.STARTED), None)
    waiting.forget()

    assert waiting.ignoring_until is None
    assert waiting.give_up() is None


@pytest.mark.parametrize(("source", "since"), [("stop", 1.5), (None, 1.5), ("unknown", None)])
def test_a_start_before_the_confirmation_counts_from_then(
    waiting: StaleEventFilter, source: str | None, since: float | None
) -> None:
    """The service may report the reply before it confirms the interrupt."""
    waiting.accepts(ServerEvent(EventKind.STARTED), playing("new"), 1.5, is_past=False)

    assert waiting.cleared(ServerEvent(EventKind.CLEARED, source)) == since


def test_the_last_confirmed_end_is_accepted_while_an_interrupt_is_open(waiting: StaleEventFilter) -> None:
    """Ends are confirmed in order: first that of the old utterance, then that of the new one."""
    utterance = playing("new")
    waiting.ended()
    waiting.ended()

    assert not accepted(waiting, ServerEvent(EventKind.COMMITTED), utterance)
    assert accepted(waiting, ServerEvent(EventKind.COMMITTED), utterance)
    assert not accepted(waiting, ServerEvent(EventKind.COMMITTED), utterance)

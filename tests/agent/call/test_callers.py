"""The link to one caller, and the wait for callers who left, under random events."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.callers import FLOOR, RELOAD_GRACE, RETURN_TIMEOUT, Caller, Callers, Departure

GRACE = 15.0
ADA = Caller("ada", has_microphone=True)
BEN = Caller("ben", has_microphone=True)
# Has no microphone.
CARL = Caller("carl")
PHONE = Caller("phone", is_phone=True, has_microphone=True)
NAMES = ("ada", "ben", "carl")


def present(*callers: Caller, grace: float = GRACE) -> Callers:
    """Return a call in which these callers are present from second 0."""
    made = Callers(grace)
    made.update(0.0, callers, {})
    return made


def test_the_first_caller_is_linked_and_stays_so() -> None:
    """A caller who joins later changes nothing."""
    callers = present(ADA)
    callers.update(1.0, [ADA, BEN], {})

    assert callers.linked == "ada"


def test_a_caller_with_a_microphone_is_linked_before_one_without() -> None:
    """A caller without a microphone loses the link to one who publishes a microphone."""
    callers = present(CARL)
    assert callers.linked == "carl"
    callers.update(1.0, [CARL, BEN], {})

    assert callers.linked == "ben"


@pytest.mark.parametrize(
    ("callers", "heard"),
    [
        ([ADA], True),
        ([CARL], False),
        ([replace(ADA, is_muted=True)], False),
        ([replace(ADA, is_muted=True), BEN], True),
        ([replace(PHONE, is_ready=False)], False),
        ([], False),
    ],
)
def test_a_caller_can_be_heard_through_an_open_microphone(callers: list[Caller], heard: bool) -> None:
    """One open microphone is enough; a ringing telephone has none yet."""
    assert present(*callers).can_be_heard is heard


def test_the_link_moves_to_the_speaker_after_a_pause_of_the_linked_caller() -> None:
    """A short breath of the linked caller is not a pause; a timer waits for its length."""
    callers = present(ADA, BEN)
    callers.speak(1.0, ["ada"])
    callers.speak(2.0, ["ben"])
    assert (callers.linked, callers.next_timeout()) == ("ada", 2.0 + FLOOR)
    callers.handle_timeout(2.0 + FLOOR)

    assert (callers.linked, callers.next_timeout()) == ("ben", None)


def test_the_link_stays_while_both_speak() -> None:
    """While two callers speak, the link stays with the first."""
    callers = present(ADA, BEN)
    callers.speak(1.0, ["ben", "ada"])
    callers.handle_timeout(60.0)

    assert callers.linked == "ada"


@pytest.mark.parametrize("other", [replace(BEN, is_muted=True), CARL, replace(BEN, is_ready=False)])
def test_a_caller_who_can_not_be_heard_gets_no_link_by_speaking(other: Caller) -> None:
    """LiveKit's speaker news about a caller without an open microphone are outdated."""
    callers = present(ADA, other)
    callers.speak(10.0, [other.identity])
    callers.handle_timeout(20.0)

    assert callers.linked == "ada"


def test_a_muted_microphone_keeps_its_link_until_somebody_else_speaks() -> None:
    """Muting alone does not move the link."""
    callers = present(ADA, BEN)
    callers.update(1.0, [replace(ADA, is_muted=True), BEN], {})
    assert callers.linked == "ada"
    callers.speak(2.0, ["ben"])

    assert callers.linked == "ben"


def test_when_the_linked_caller_leaves_another_is_linked() -> None:
    """Speaking callers come before silent ones, and callers with a microphone before those without."""
    callers = present(ADA, CARL, BEN)
    callers.update(1.0, [CARL, BEN], {"ada": Departure.LEFT})
    assert callers.linked == "ben"

    callers = present(ADA, BEN, replace(BEN, identity="dora"))
    callers.speak(1.0, ["ada", "dora"])
    callers.update(2.0, [BEN, replace(BEN, identity="dora")], {})
    assert callers.linked == "dora"


def test_holding_the_button_links_its_caller_until_another_speaks() -> None:
    """Speech does not take the link from a held button, nor does a push-to-talk caller take it by speaking."""
    callers = present(ADA, BEN)
    callers.use_button(1.0, "ben", used=True)
    callers.speak(2.0, ["ben"])
    assert callers.linked == "ada"

    callers.hold(3.0, "ben")
    callers.speak(4.0, ["ada"])
    callers.handle_timeout(60.0)
    assert callers.linked == "ben"

    callers.hold(61.0, None)
    assert callers.linked == "ada"


@pytest.mark.parametrize(
    ("departure", "grace", "waits"),
    [
        (Departure.LOST, GRACE, GRACE),
        (Departure.LEFT, GRACE, RELOAD_GRACE),
        (Departure.LEFT, 1.0, 1.0),
        (Departure.LOST, 0.0, 0.0),
    ],
)
def test_a_caller_who_left_is_waited_for(departure: Departure, grace: float, waits: float) -> None:
    """The wait is as long as a reload if they left on purpose, and longer if the connection was lost."""
    callers = present(ADA, grace=grace)
    callers.update(100.0, [], {"ada": departure})

    assert callers.ends_at == callers.next_timeout() == 100.0 + waits


def test_a_departure_without_a_known_reason_is_a_lost_connection() -> None:
    """The agent itself was disconnected when the caller left."""
    callers = present(ADA)
    callers.update(100.0, [], {})

    assert callers.ends_at == 100.0 + GRACE


def test_a_telephone_that_is_hung_up_is_not_waited_for() -> None:
    """The call ends at once, whatever reason LiveKit gives."""
    for departure in Departure:
        callers = present(PHONE)
        callers.update(100.0, [], {"phone": departure})
        assert callers.ends_at == 100.0


def test_of_two_who_left_the_later_wait_counts() -> None:
    """A lost caller is still waited for although another caller hung up later."""
    callers = present(ADA, BEN)
    callers.update(100.0, [BEN], {"ada": Departure.LOST})
    callers.update(101.0, [], {"ben": Departure.LEFT})

    assert callers.ends_at == 100.0 + GRACE


def test_a_caller_who_came_back_and_hung_up_is_waited_for_once() -> None:
    """The wait for a lost caller ends with their return; the wait after the hang-up is that of a reload."""
    callers = present(ADA)
    callers.update(100.0, [], {"ada": Departure.LOST})
    callers.update(101.0, [ADA], {})
    assert callers.ends_at is None
    callers.update(102.0, [], {"ada": Departure.LEFT})

    assert callers.ends_at == 102.0 + RELOAD_GRACE


def test_a_caller_on_the_way_back_has_the_whole_grace_from_then_on() -> None:
    """An announced return restarts the grace, whatever the departure was; it does not count for the next departure."""
    for departure in Departure:
        callers = present(ADA)
        callers.update(100.0, [], {"ada": departure})
        callers.announce(104.0, "ada")
        assert callers.ends_at == callers.next_timeout() == 104.0 + GRACE
        callers.update(118.0, [ADA], {})
        callers.update(120.0, [], {"ada": Departure.LEFT})
        assert callers.ends_at == 120.0 + RELOAD_GRACE


def test_the_wait_for_a_caller_on_the_way_back_has_a_limit() -> None:
    """Repeated announcements extend the wait to a maximum, and never shorten a longer wait."""
    callers, patient = present(ADA), present(ADA, grace=2 * RETURN_TIMEOUT)
    for made in (callers, patient):
        made.update(100.0, [], {"ada": Departure.LOST})
        for seconds in range(1, 15):
            made.announce(100.0 + seconds, "ada")
        for seconds in range(15, 300, 10):
            made.announce(100.0 + seconds, "ada")

    assert callers.ends_at == 100.0 + RETURN_TIMEOUT
    assert patient.ends_at == 100.0 + 2 * RETURN_TIMEOUT


def test_the_way_back_may_be_asked_for_before_the_departure_is_known() -> None:
    """An announcement a moment before the departure counts; an older one belongs to an earlier page."""
    for asked_at, waits in ((99.0, GRACE), (90.0, RELOAD_GRACE)):
        callers = present(ADA)
        callers.announce(asked_at, "ada")
        callers.update(100.0, [], {"ada": Departure.LEFT})
        assert callers.ends_at == 100.0 + waits


def test_somebody_who_was_not_in_the_call_is_not_waited_for() -> None:
    """An announcement for an unknown identity does not extend the wait."""
    callers = present(ADA)
    callers.update(100.0, [], {"ada": Departure.LEFT})
    callers.announce(101.0, "carl")

    assert callers.ends_at == 100.0 + RELOAD_GRACE


def test_a_telephone_that_rings_is_not_there_and_is_waited_for() -> None:
    """A ringing telephone is linked, so that the agent's track is published; others may still take the link."""
    ringing = replace(PHONE, is_ready=False)
    callers = present(ringing)
    assert (callers.linked, callers.is_there, callers.ends_at) == ("phone", False, None)
    assert not callers.takes_part("phone")

    callers.update(1.0, [ringing, CARL], {})
    assert (callers.linked, callers.is_there) == ("carl", True)

    callers.update(2.0, [PHONE], {"carl": Departure.LEFT})
    assert (callers.linked, callers.is_there, callers.has_screen) == ("phone", True, False)


def test_a_telephone_that_is_not_answered_ends_the_call() -> None:
    """A telephone that was never answered does not count as a caller who left."""
    callers = present(replace(PHONE, is_ready=False))
    callers.update(30.0, [], {"phone": Departure.LEFT})

    assert callers.ends_at == 30.0


def test_the_first_caller_has_until_the_set_time() -> None:
    """By default the wait has no end, and needs no timer."""
    assert (Callers(GRACE).ends_at, Callers(GRACE).next_timeout()) == (inf, None)
    assert Callers(GRACE, first_by=30.0).next_timeout() == 30.0


def test_callers_who_take_part_may_ask() -> None:
    """A caller takes part when linked, with a microphone, or after writing; being in the room is not enough."""
    callers = present(ADA, BEN, CARL)
    assert [name for name in (*NAMES, "nobody") if callers.takes_part(name)] == ["ada", "ben"]
    assert callers.write("carl")
    assert callers.takes_part("carl")
    assert not callers.write("nobody")


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.sets(st.sampled_from(NAMES)), st.booleans()),
        st.tuples(st.just("speak"), st.lists(st.sampled_from(NAMES), unique=True), st.booleans()),
        st.tuples(st.just("hold"), st.sampled_from([None, *NAMES]), st.booleans()),
        st.tuples(st.just("button"), st.sampled_from(NAMES), st.booleans()),
        st.tuples(st.just("wait"), st.floats(0.0, 20.0), st.booleans()),
    ),
    max_size=40,
)


@given(EVENTS)
def test_somebody_who_is_there_is_linked_and_time_goes_on(events: list[tuple[str, object, bool]]) -> None:
    """The linked caller is in the room whenever anybody is; after a time-out the next one is later."""
    callers, now = Callers(GRACE), 0.0
    by_name = {"ada": ADA, "ben": BEN, "carl": CARL}
    there: list[Caller] = []
    for kind, value, flag in events:
        match kind, value:
            case "in", set():
                there = [replace(by_name[name], is_muted=flag) for name in NAMES if name in value]
                callers.update(now, there, {})
            case "speak", list():
                callers.speak(now, value)
            case "hold", None | str():
                callers.hold(now, value)
            case "button", str():
                callers.use_button(now, value, used=flag)
            case "wait", float():
                now += value
                callers.handle_timeout(now)
                timeout = callers.next_timeout()
                is_over = callers.ends_at is not None and callers.ends_at <= now
                assert timeout is None or timeout > now or is_over
        assert not there or callers.linked in {caller.identity for caller in there}
        assert callers.is_there == bool(there)
        assert (callers.ends_at is None) == bool(there)

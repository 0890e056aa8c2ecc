"""The lifecycle of sessions: when they are started, used, replaced and stopped, whatever the service does."""

import pytest

from avatar.core import (
    Interrupt,
    OpenSocket,
    Refusal,
    SessionLeft,
    SessionRefused,
    SessionStarted,
    SessionStopped,
    Sink,
    Speak,
    StartSession,
    StopFailed,
    StopSession,
)
from tests.avatar.core.scenes import ready, seen, sinks, whole


def test_a_first_speech_that_begins_late_is_waited_for() -> None:
    """A cold session's first sound comes after 3 s (44): one session says everything."""
    world = seen(first_speech_starts_after=3.5)
    world.say(2.0)
    world.flush()
    world.settle()

    assert world.finished == whole(2.0)
    assert len(world.done(StartSession)) == 1
    assert world.heard() == bytes(world.captured[0])


@pytest.mark.parametrize("connected_after", [5.6, None])
def test_a_session_that_never_says_connected_still_speaks(connected_after: float | None) -> None:
    """If `connected` comes late or never (32, 35), speech is sent within 3 s of the open socket, on that socket."""
    world = seen(connected_after=connected_after)
    world.say(1.0)
    world.flush()
    world.run_until(lambda: bool(world.sent_of(Speak)))
    opened_at = next(at for at, _ in world.done(OpenSocket)) + world.habits.socket_takes
    world.settle()

    assert world.sent_of(Speak)[0].at - opened_at <= 3.0
    assert len(world.done(OpenSocket)) == len(world.done(StartSession)) == 1
    assert world.finished == whole(1.0)


def test_speech_continues_within_two_seconds_of_a_dropped_socket() -> None:
    """A later socket gets no `connected` (36): the rest is sent there after an interrupt, in the same session."""
    world = seen()
    world.say(4.0)
    world.flush()
    world.run_until(lambda: world.machine.played(world.now) > 1.0)
    world.drop_socket()
    dropped_at = world.now
    before = len(world.sent)
    world.run_until(lambda: len(world.sent) > before + 1)
    first, second = world.sent[before : before + 2]
    world.settle()

    assert (type(first.command), type(second.command)) == (Interrupt, Speak)
    assert second.at - dropped_at < 2.0
    assert world.finished == whole(4.0)
    assert len(world.done(StartSession)) == 1


def test_a_late_answer_to_a_start_is_used() -> None:
    """A `/start` answered after 15 s has worked (3): the fallback track speaks until then; no second session starts."""
    world = seen(start_takes=15.0)
    world.run(8.0)
    world.say(1.0)
    world.flush()
    world.settle()
    world.run_until(lambda: world.is_live)

    assert len(world.done(StartSession)) == 1
    assert sinks(world) == [Sink.FALLBACK, Sink.AVATAR]


def test_a_start_without_an_answer_is_stopped_before_the_next() -> None:
    """The session may still run: its stop is confirmed before another one is requested."""
    world = seen(start_takes=50.0)
    world.run_until(lambda: len(world.done(StartSession)) == 2, limit=60.0)
    first_stop = world.done(StopSession)[0][0]
    second_start = world.done(StartSession)[1][0]
    world.do("close")
    world.run(90.0)

    assert first_stop < second_start
    assert world.service.running(world.now) == []


@pytest.mark.parametrize("code", [4032, 4003])
def test_the_avatar_is_back_soon_after_its_slot_is_free(code: int) -> None:
    """After our own stop the one slot is requested twice a second, and the wait is remembered (facts 62 and 63)."""
    world = seen(concurrency=1, concurrency_code=code)
    world.run_until(lambda: world.is_live)
    current = world.machine.current
    assert current is not None
    assert current.session_id is not None
    world.service.end(current.session_id, "SERVER_ERROR", world.now)
    world.run_until(lambda: not world.is_live)
    lost_at = world.now
    world.run_until(lambda: world.is_live)
    habits = world.habits
    start = habits.token_takes + habits.start_takes + habits.connected_after + habits.socket_takes  # type: ignore[operator]

    assert world.now - lost_at - habits.slot_freed_after - start < 2.5
    assert world.machine._sessions._purchases.slots == 1


def test_with_one_slot_the_successor_waits_for_the_stop() -> None:
    """Once the account is known to have one slot, a session is left between segments before the next one starts."""
    world = seen(concurrency=1, max_duration=60)
    world.run_until(lambda: world.is_live)
    world.run(90.0)
    refused = [event for event in world.events if isinstance(event, SessionRefused)]
    world.run(300.0)
    later = [event for event in world.events if isinstance(event, SessionRefused)][len(refused) :]

    assert Refusal.NO_SLOT in [event.refusal for event in refused]
    # Each change asks until the slot is free, never while a session runs.
    assert len(later) <= 5 * 6
    assert world.overlap() == 0


def test_a_session_is_replaced_before_its_end_without_a_gap() -> None:
    """The successor is ready 15 s before; the change is between two segments, and the old session is stopped."""
    world = seen(max_duration=60)
    world.run_until(lambda: world.is_live)
    for _ in range(12):
        world.say(3.0)
        world.flush()
        world.run(5.0)
    stops = [at for at, _ in world.done(StopSession)]
    starts = [at for at, _ in world.done(StartSession)]

    assert [event.interrupted for event in world.finished] == [False] * 12
    assert sinks(world) == [Sink.AVATAR, Sink.AVATAR]
    assert starts[1] < stops[0]
    assert world.overlap() == 0
    assert world.heard() == b"".join(world.captured)


def test_the_last_word_is_heard_before_the_stop() -> None:
    """A call that is closed right after its last word keeps its avatar for a second (45)."""
    world = ready()
    world.say(1.0)
    world.flush()
    world.settle()
    ended_at = world.event_times[world.events.index(world.finished[0])]
    world.do("close")
    world.run(10.0)

    assert world.done(StopSession)[0][0] - ended_at == pytest.approx(1.2, abs=0.05)
    assert world.machine.is_over


def test_the_start_and_the_confirmed_stop_of_a_session_are_reported() -> None:
    """Start and stop are reported once, with the service's id; the reason of the end comes in between."""
    world = ready()
    world.do("close")
    world.run(10.0)
    told = [event for event in world.events if isinstance(event, SessionStarted | SessionLeft | SessionStopped)]

    assert [type(event) for event in told] == [SessionStarted, SessionLeft, SessionStopped]
    assert [event.session for event in told] == [1, 1, 1]
    assert isinstance(told[0], SessionStarted)
    assert told[0].session_id == world.machine.sessions[0].session_id


def test_an_unconfirmed_stop_is_reported() -> None:
    """The session may still be billed; a later confirmation is reported too."""
    world = ready()
    world.do("close")
    world.run_until(lambda: bool(world.done(StopSession)))
    world.report("stop_failed", 1)
    world.run(20.0)
    told = [type(event) for event in world.events if isinstance(event, SessionStopped | StopFailed)]

    assert told == [StopFailed, SessionStopped]


def test_an_avatar_that_does_not_join_is_given_up() -> None:
    """A session whose avatar is not in the room after 15 s is stopped, and another one is requested."""
    world = seen(joins_after=1e9)
    world.run(25.0)

    left = [event.detail for event in world.events if isinstance(event, SessionLeft)]
    assert left == ["the avatar did not come into the room"]
    assert len(world.done(StartSession)) == 2


def test_a_closed_room_gets_no_other_avatar() -> None:
    """Another avatar would open the room again and be billed."""
    world = ready()
    world.do("room_changed", is_there=False)
    world.service.end(world.service.sessions[0].id, "USER_DISCONNECTED", world.now)
    world.run(60.0)
    assert len(world.done(StartSession)) == 1

    world.do("room_changed", is_there=True)
    world.run(10.0)
    assert len(world.done(StartSession)) == 2

"""Change of the avatar in a call: it takes over as in a rotation; one that is not available changes nothing."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.core import AvatarRejected, SessionLeft, Sink, Speak, StartSession
from tests.avatar.core.calls import AVATARS, SPEECH, Action, tell
from tests.avatar.core.scenes import ready, seen, sinks, whole
from tests.avatar.core.world import World

ANOTHER, FIRST, NONE = AVATARS["another face"], AVATARS["first face"], AVATARS["no face"]


def avatars(world: World) -> list[str]:
    """Return the avatar of each session that the service was asked for."""
    return [session.avatar_id for session in world.machine.sessions]


def running(world: World) -> list[str | None]:
    """Return the sessions that run at the service."""
    return [session.id for session in world.service.running(world.now)]


def rejected(world: World) -> list[str]:
    """Return the avatars that were rejected."""
    return [event.avatar_id for event in world.events if isinstance(event, AvatarRejected)]


def test_another_avatar_takes_over_between_two_segments() -> None:
    """The first avatar finishes its segment; nothing is lost, said twice, or said by both at once."""
    world = ready()
    world.say(6.0)
    world.flush()
    world.run(1.0)
    world.do("change_avatar", ANOTHER)
    world.settle()
    world.say(2.0)
    world.flush()
    world.settle()
    world.run(10.0)

    assert avatars(world) == [FIRST, ANOTHER]
    pieces = itertools.groupby(world.pieces(), lambda piece: piece[2])
    assert [(who, sum(len(pcm) for *_, pcm in group)) for who, group in pieces] == [
        ("avatar", 288_000),
        ("avatar-2", 96_000),
    ]
    assert world.finished == whole(6.0, 2.0)
    assert world.overlap() == 0.0
    assert running(world) == [world.machine.sessions[1].session_id]


def test_an_avatar_that_does_not_exist_changes_nothing() -> None:
    """The unknown avatar is requested once and reported once; the first one stays, also after its own rotation."""
    world = ready(max_session_duration=60)
    world.do("change_avatar", NONE)
    world.run(70.0)
    world.say(2.0)
    world.flush()
    world.settle()

    assert rejected(world) == [NONE]
    assert avatars(world) == [FIRST, NONE, FIRST]
    assert sinks(world) == [Sink.AVATAR, Sink.AVATAR]
    assert world.finished == whole(2.0)


def test_an_avatar_that_never_joins_is_given_up() -> None:
    """The avatar's session fails before it can speak, and no further one is requested for it."""
    world = seen(connected_after=5.0)
    world.run(15.0)
    world.do("change_avatar", ANOTHER)
    world.run_until(lambda: len(world.machine.sessions) == 2 and world.machine.sessions[1].session_id is not None)
    world.service.end(world.machine.sessions[1].session_id or "", "SERVER_ERROR", world.now)
    world.run(60.0)

    assert (rejected(world), avatars(world)) == ([ANOTHER], [FIRST, ANOTHER])
    assert [event.session for event in world.events if isinstance(event, SessionLeft)] == [2]
    assert world.is_live


@pytest.mark.parametrize(("wanted", "expected"), [(ANOTHER, ANOTHER), (NONE, FIRST)])
def test_with_one_slot_the_fallback_track_speaks_in_between(wanted: str, expected: str) -> None:
    """The first session frees the slot between two segments; if the other avatar is refused, the first comes back."""
    world = ready(habits={"concurrency": 1})
    world.say(2.0)
    world.flush()
    world.do("change_avatar", wanted)
    world.run(0.5)
    world.settle()
    world.say(2.0)
    world.flush()
    world.settle()
    world.run(30.0)

    current = world.machine.current
    assert current is not None
    assert (current.avatar_id, current.is_ready) == (expected, True)
    assert world.heard() == b"".join(map(bytes, world.captured))
    assert world.overlap() == 0.0


def test_the_last_of_several_changes_counts() -> None:
    """The session that was being prepared for an earlier change is given up."""
    world = ready()
    for avatar_id in (ANOTHER, FIRST, ANOTHER):
        world.do("change_avatar", avatar_id)
        world.run(0.1)
    world.run(20.0)

    assert world.machine.current is not None
    assert world.machine.current.avatar_id == ANOTHER
    assert running(world) == [world.machine.current.session_id]


def test_the_avatar_of_a_hosted_room_stays() -> None:
    """The room would end with the avatar's session."""
    world = ready(replaceable=False)
    world.do("change_avatar", ANOTHER)
    world.say(1.0)
    world.flush()
    world.settle()

    assert len(world.done(StartSession)) == 1
    assert len({sent.session for sent in world.sent_of(Speak)}) == 1


@settings(max_examples=60)
@given(st.lists(st.one_of(SPEECH, SPEECH, st.tuples(st.sampled_from(list(AVATARS)), st.just(0.0))), max_size=25))
def test_the_last_wanted_avatar_speaks_in_the_end(story: list[Action]) -> None:
    """Whatever was requested: the last avatar, or an earlier one that worked, speaks, and it runs alone."""
    world = tell(story)
    world.run(60.0)
    asked = [AVATARS[name] for name, _ in story if name in AVATARS] or [FIRST]
    current = world.machine.current

    assert current is not None
    assert current.is_ready
    assert current.avatar_id == asked[-1] or (asked[-1] == NONE and current.avatar_id != NONE)
    assert running(world) == [current.session_id]
    assert world.heard() == b"".join(map(bytes, world.captured))
    assert world.overlap() < 0.05

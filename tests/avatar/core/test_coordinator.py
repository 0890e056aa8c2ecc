"""How speech and sessions affect each other: the call's wishes, losses, and the status."""

import pytest

from avatar.core import (
    AvatarGone,
    AvatarReason,
    PublishFallback,
    Refusal,
    SessionLeft,
    Sink,
    StartSession,
    StatusChanged,
    StopSession,
    UnpublishFallback,
)
from tests.avatar.core.fallback_model import BYTES_PER_SECOND
from tests.avatar.core.scenes import ready, seen, sinks, whole


def test_missing_credits_are_reported_and_end_the_attempts() -> None:
    """Code 4033 (64) is about the balance, not the key: callers get a fixed sentence, operators the detail."""
    world = seen(credits=0.0)
    world.run(30.0)
    gone = [event for event in world.events if isinstance(event, AvatarGone)]
    status = [event.status for event in world.events if isinstance(event, StatusChanged)][-1]

    assert [event.refusal for event in gone] == [Refusal.NO_CREDITS]
    assert status.reason is AvatarReason.UNAVAILABLE
    assert "4033" in status.detail
    assert len(world.done(StartSession)) == 1


def test_a_session_that_does_not_play_is_stopped_and_counted() -> None:
    """Speech without an answer for 6 s is said by the fallback track, and by the next session."""
    world = seen()
    world.run_until(lambda: world.is_live)
    world.service.mute(world.service.sessions[0].id, world.now)
    world.say(1.0)
    world.flush()
    world.settle()
    left = [event for event in world.events if isinstance(event, SessionLeft)]

    assert [event.detail for event in left] == ["the avatar does not play what it was sent"]
    assert left[0].failed
    assert world.finished == whole(1.0)
    assert world.heard() == bytes(world.captured[0])


def test_released_and_engaged_again() -> None:
    """After a release the fallback track speaks; after an engagement the avatar gets the floor back."""
    world = ready()
    world.do("release", "nobody speaks")
    world.say(1.0)
    world.flush()
    world.settle()
    world.do("engage")
    world.run_until(lambda: world.is_live)
    world.say(1.0)
    world.flush()
    world.settle()

    assert sinks(world) == [Sink.AVATAR, Sink.FALLBACK, Sink.AVATAR]
    assert world.finished == whole(1.0, 1.0)
    assert len(world.done(PublishFallback)) == len(world.done(UnpublishFallback)) == 1


def test_the_session_of_a_hosted_room_is_never_replaced_and_is_stopped_last() -> None:
    """The room would end with its session: after a loss the fallback track speaks, and the stop comes at the end."""
    world = ready(replaceable=False)
    world.service.mute(world.service.sessions[0].id, world.now)
    world.say(1.0)
    world.flush()
    world.settle()
    world.do("release", "idle")
    world.run(60.0)
    assert world.done(StopSession) == []
    assert [event.refusal for event in world.events if isinstance(event, AvatarGone)] == [Refusal.ROOM_GONE]

    world.do("close")
    world.run(10.0)
    assert len(world.done(StopSession)) == len(world.done(StartSession)) == 1


def test_a_frozen_avatar_is_left_and_its_speech_said_again() -> None:
    """The avatar's track falls silent after a second while it reports speech: the rest is said from there."""
    world = ready()
    world.say(6.0)
    world.flush()
    world.run(1.2)
    froze_at = world.now
    world.run(3.0)
    world.do("avatar_unheard", froze_at)
    world.settle()

    assert world.finished == whole(6.0)
    by_others = sum(len(pcm) for _, _, sink, pcm in world.pieces() if sink != "avatar")
    assert by_others == pytest.approx(5 * BYTES_PER_SECOND, abs=8)

"""Which sink plays: the avatar or the fallback track, never both."""

from avatar.core import (
    Interrupt,
    MuteAvatar,
    PublishFallback,
    Sink,
)
from tests.avatar.core.scenes import MUTED_AFTER, assert_said, ready, seen, sinks, whole


def test_the_fallback_track_continues_where_the_avatar_was() -> None:
    """Half a second after the socket is lost, once the avatar is muted, the fallback track says the rest."""
    world = ready()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.net_is_up = False
    world.drop_socket()
    world.settle()

    assert world.finished == whole(3.0)
    assert_said(world.heard(), bytes(world.captured[0]), twice=MUTED_AFTER)
    assert [action.muted for _, action in world.done(MuteAvatar)] == [True]  # type: ignore[union-attr]
    assert sinks(world) == [Sink.AVATAR, Sink.FALLBACK]


def test_a_muted_avatar_is_unmuted_before_it_speaks() -> None:
    """A muted avatar gets the floor back between segments, and only when the room hears it."""
    world = ready(habits={"tells_connected_once": True})
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.net_is_up = False
    world.drop_socket()
    world.run(1.0)
    world.net_is_up = True
    world.settle()
    world.say(1.0)
    world.flush()
    world.settle()

    assert [action.muted for _, action in world.done(MuteAvatar)] == [True, False]  # type: ignore[union-attr]
    assert sinks(world) == [Sink.AVATAR, Sink.FALLBACK, Sink.AVATAR]
    assert world.overlap() == 0
    assert_said(world.heard(), b"".join(world.captured), twice=MUTED_AFTER)


def test_no_fallback_track_is_published_without_speech() -> None:
    """A socket that is lost in silence does not publish the fallback track."""
    world = ready()
    world.net_is_up = False
    world.drop_socket()
    world.run(10.0)

    assert world.done(PublishFallback) == []


def test_a_fallback_track_that_fails_is_tried_again() -> None:
    """The LiveKit server refuses the track at first; the speech waits, and none of it is lost."""
    world = ready(publishes=False)
    world.do("release", "a test")
    world.say(1.0)
    world.flush()
    world.run(5.0)
    world.publishes = True
    world.settle()

    assert len(world.done(PublishFallback)) > 1
    assert world.finished == whole(1.0)
    assert world.heard() == bytes(world.captured[0])


def test_speech_at_the_last_moment_changes_the_avatar_in_silence() -> None:
    """The old session is interrupted before the next one speaks: both are never heard together."""
    world = seen(max_duration=60)
    world.run_until(lambda: world.is_live)
    world.run(20.0)
    world.say(60.0)
    world.flush()
    world.settle(limit=120.0)

    assert world.overlap() == 0
    assert world.finished == whole(60.0)
    assert [sent.session for sent in world.sent_of(Interrupt)] == [1]

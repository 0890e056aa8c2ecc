"""What the agent receives of an avatar: its sound, never its picture."""

import pytest
from livekit import rtc

from tests.avatar.virtual_call import virtual_call

pytestmark = pytest.mark.looptime


async def test_an_avatars_sound_is_subscribed_to_and_its_picture_is_not() -> None:
    """Tracks that are there at the avatar's join and later ones are handled alike; other participants' tracks stay.

    Unsubscribing from a picture while it is negotiated would break the connection.
    """
    async with virtual_call() as call:
        await call.is_live()
        room, identity = call.room, call.avatar.avatar_identity
        room.leave(identity)
        room.come("somebody", None)
        room.come(identity, None)
        room.publish(identity, "TR_later_face", rtc.TrackKind.KIND_VIDEO)
        room.publish(identity, "TR_later_sound", rtc.TrackKind.KIND_AUDIO)
        avatar, other = room.remote_participants[identity], room.remote_participants["somebody"]
        wanted = {sid: track.subscribed for sid, track in avatar.track_publications.items()}

    assert wanted == {"TR_face": None, "TR_sound_0": True, "TR_later_face": None, "TR_later_sound": True}
    assert {track.subscribed for track in other.track_publications.values()} == {None}


async def test_a_closed_avatar_leaves_subscriptions_alone() -> None:
    """The agent may continue to use the room."""
    async with virtual_call() as call:
        await call.is_live()
        room, identity = call.room, call.avatar.avatar_identity
        await call.avatar.aclose()
        room.come(identity, None)
        sound = room.remote_participants[identity].track_publications["TR_sound_0"]

    assert sound.subscribed is None

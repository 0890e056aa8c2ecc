"""The avatars' sound is received only while there is a listener for it."""

from types import SimpleNamespace
from typing import Any

from livekit import rtc

from avatar.link.sound import AvatarSound, set_enabled
from tests.avatar.virtual_room import Publication, VirtualRoom

SOUND = "TR_sound_0"


class Server:
    """The tracks that the server was asked to send, and not to send."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def enable(self, publication: rtc.TrackPublication, *, enabled: bool) -> None:
        self.asked.append((publication.sid, enabled))


def in_room(*tracks: object) -> tuple[VirtualRoom, AvatarSound, Server]:
    """Return a room with a caller, and an avatar that publishes these sounds."""
    room, server = VirtualRoom(), Server()
    room.come("face", *tracks)
    room.come("caller", object())
    sound = AvatarSound(room, lambda identity: identity == "face", server.enable)
    sound.start()
    return room, sound, server


def subscribed(room: VirtualRoom, identity: str, sid: str) -> None:
    """Subscribe to a track: from now on the server can be asked to send it."""
    participant: Any = room.remote_participants[identity]
    participant.track_publications[sid].track = track = object()
    room.emit("track_subscribed", track, participant.track_publications[sid], participant)


async def test_a_sound_without_a_listener_is_not_sent() -> None:
    """The subscription alone makes the server report active speakers; the sound is requested for a listener."""
    room, _, server = in_room(None)
    assert server.asked == []

    subscribed(room, "face", SOUND)
    subscribed(room, "caller", SOUND)

    assert server.asked == [(SOUND, False)]


async def test_a_picture_is_never_sent() -> None:
    """A listener changes nothing about the picture."""
    room, sound, server = in_room()
    with sound.received():
        subscribed(room, "face", "TR_face")

    assert server.asked == [("TR_face", False)]


async def test_a_sound_is_received_while_there_is_a_listener() -> None:
    """Two listeners share one request, and the last one to leave ends it."""
    _, sound, server = in_room(object())
    with sound.received():
        with sound.received():
            pass
        assert server.asked == [(SOUND, True)] * 2

    assert server.asked[2:] == [(SOUND, False)]


async def test_a_new_sound_is_received_while_there_is_a_listener() -> None:
    """The new track is that of a session that takes over, or of a room that was joined again."""
    room, sound, server = in_room()
    with sound.received():
        room.publish("face", "TR_later", rtc.TrackKind.KIND_AUDIO)
        subscribed(room, "face", "TR_later")

    assert server.asked == [("TR_later", True), ("TR_later", False)]


async def test_a_closed_avatar_leaves_the_room_alone() -> None:
    """The agent may continue to use the room."""
    room, sound, server = in_room()
    sound.close()
    room.publish("face", "TR_later", rtc.TrackKind.KIND_AUDIO)
    subscribed(room, "face", "TR_later")

    assert server.asked == []


async def test_a_stand_in_for_a_track_is_not_requested() -> None:
    """The SDK knows only its own publications."""
    publication: Any = Publication(SOUND, rtc.TrackKind.KIND_AUDIO)
    set_enabled(publication, enabled=True)

    assert publication.subscribed is None


async def test_the_energy_of_a_track_that_is_not_there_is_unknown() -> None:
    """The avatar has left, or its sound is not subscribed to."""
    room, sound, _ = in_room(SimpleNamespace(kind=rtc.TrackKind.KIND_AUDIO))

    assert await sound.energy("face") is None
    room.leave("face")
    assert await sound.energy("face") is None

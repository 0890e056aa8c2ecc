"""The avatars' sound is received only while something listens to it."""

from types import SimpleNamespace
from typing import Any

from livekit import rtc

from avatar.link.sound import AvatarSound, set_enabled
from tests.avatar.virtual_room import Publication, VirtualRoom

SOUND = "TR_sound_0"


class Server:
    """What the server was asked to send, and not to send."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []

    def enable(self, publication: rtc.TrackPublication, *, enabled: bool) -> None:
        self.asked.append((publication.sid, enabled))


def in_room(*tracks: object) -> tuple[VirtualRoom, AvatarSound, Server]:
    """A room with an avatar that publishes these sounds, and a caller."""
    room, server = VirtualRoom(), Server()
    room.come("face", *tracks)
    room.come("caller", object())
    sound = AvatarSound(room, lambda identity: identity == "face", server.enable)
    sound.start()
    return room, sound, server


def subscribed(room: VirtualRoom, identity: str, sid: str) -> None:
    """A track is subscribed to: from here on the server can be asked for it."""
    participant: Any = room.remote_participants[identity]
    participant.track_publications[sid].track = track = object()
    room.emit("track_subscribed", track, participant.track_publications[sid], participant)


async def test_the_server_sends_nothing_of_a_sound_to_which_nobody_listens() -> None:
    """The subscription alone has the server report who speaks; it is asked when there is one."""
    room, _, server = in_room(None)
    assert server.asked == []

    subscribed(room, "face", SOUND)
    subscribed(room, "caller", SOUND)

    assert server.asked == [(SOUND, False)]


async def test_a_picture_that_the_room_subscribes_to_is_never_sent() -> None:
    """Whether something listens or not."""
    room, sound, server = in_room()
    with sound.received():
        subscribed(room, "face", "TR_face")

    assert server.asked == [("TR_face", False)]


async def test_a_sound_is_received_while_something_listens() -> None:
    """Two listeners at once are one, and the last one who leaves ends it."""
    _, sound, server = in_room(object())
    with sound.received():
        with sound.received():
            pass
        assert server.asked == [(SOUND, True)] * 2

    assert server.asked[2:] == [(SOUND, False)]


async def test_a_sound_that_comes_while_something_listens_is_received() -> None:
    """The track of a session that takes over, or of a room that was joined again."""
    room, sound, server = in_room()
    with sound.received():
        room.publish("face", "TR_later", rtc.TrackKind.KIND_AUDIO)
        subscribed(room, "face", "TR_later")

    assert server.asked == [("TR_later", True), ("TR_later", False)]


async def test_after_the_end_the_room_is_left_alone() -> None:
    """The agent may go on to use it."""
    room, sound, server = in_room()
    sound.close()
    room.publish("face", "TR_later", rtc.TrackKind.KIND_AUDIO)
    subscribed(room, "face", "TR_later")

    assert server.asked == []


async def test_a_stand_in_for_a_track_is_not_asked_for() -> None:
    """The SDK knows its own publications alone."""
    publication: Any = Publication(SOUND, rtc.TrackKind.KIND_AUDIO)
    set_enabled(publication, enabled=True)

    assert publication.subscribed is None


async def test_the_energy_of_a_track_that_is_not_there_is_unknown() -> None:
    """The avatar has left, or its sound is not subscribed to."""
    room, sound, _ = in_room(SimpleNamespace(kind=rtc.TrackKind.KIND_AUDIO))

    assert await sound.energy("face") is None
    room.leave("face")
    assert await sound.energy("face") is None

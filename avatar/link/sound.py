"""The avatars' sound, which the agent receives only while some code listens to it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from livekit import rtc
from livekit.rtc._ffi_client import FfiClient
from livekit.rtc._proto import ffi_pb2

_STATS_TIMEOUT_S = 2.0


def set_enabled(publication: rtc.TrackPublication, *, enabled: bool) -> None:
    """Let the server send a subscribed track, or not.

    The subscription stays, so that the server still reports whether the participant speaks, and sound that is enabled
    again arrives within a tenth of a second.
    """
    if isinstance(publication, rtc.RemoteTrackPublication):
        request = ffi_pb2.FfiRequest()
        change = request.enable_remote_track_publication
        change.track_publication_handle = publication._ffi_handle.handle  # noqa: SLF001 - the SDK has no method for this request
        change.enabled = enabled
        FfiClient.instance.request(request)


class AvatarSound:
    """The avatars' sound: subscribed to, but sent by the server only within `received`; their picture is never sent.

    Decoding 25 pictures a second would be the largest cost of a call. A picture to which the room subscribes by itself
    stays subscribed to: ending a subscription that is being negotiated can break the whole connection (seen with
    livekit-server 1.13.5: "Sender Track has been removed", then a full reconnect).

    Args:
        room: Connected, or about to be.
        is_avatar: Returns whether an identity is that of an avatar of the call.
        enable: Lets the server send a subscribed track, or not.
    """

    def __init__(
        self,
        room: rtc.Room,
        is_avatar: Callable[[str], bool],
        enable: Callable[..., None] = set_enabled,
    ) -> None:
        self._room = room
        self._is_avatar = is_avatar
        self._enable = enable
        self._listeners = 0

    def start(self) -> None:
        """Subscribe to present and future tracks."""
        self._room.on("track_published", self._choose)
        self._room.on("track_subscribed", self._on_subscribed)
        self.look()

    def close(self) -> None:
        """Stop following the room's tracks; the subscriptions stay as they are."""
        self._room.off("track_published", self._choose)
        self._room.off("track_subscribed", self._on_subscribed)

    def look(self) -> None:
        """Choose among the room's tracks; no event may have reported some of them."""
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._choose(publication, participant)

    def track(self, identity: str) -> rtc.RemoteAudioTrack | None:
        """Return the sound of an avatar; None if it is not subscribed to."""
        avatar = self._room.remote_participants.get(identity)
        tracks = [publication.track for publication in avatar.track_publications.values()] if avatar else []
        return next((track for track in tracks if isinstance(track, rtc.RemoteAudioTrack)), None)

    async def energy(self, identity: str) -> float | None:
        """Return the energy of all sound that has arrived from an avatar, from WebRTC's statistics.

        Returns:
            None if its sound is not subscribed to, or if the statistics can't be read within 2 s.
        """
        if (track := self.track(identity)) is None:
            return None
        try:
            async with asyncio.timeout(_STATS_TIMEOUT_S):
                stats = await track.get_stats()
        except Exception:  # noqa: BLE001 - the SDK raises nothing more specific; the next check may succeed
            return None
        return sum(stat.inbound_rtp.inbound.total_audio_energy for stat in stats)

    @contextmanager
    def received(self) -> Iterator[None]:
        """Receive the sound until the end of the block; several blocks may overlap."""
        self._listeners += 1
        self._apply()
        try:
            yield
        finally:
            self._listeners -= 1
            self._apply()

    def _apply(self) -> None:
        if self._listeners > 1:
            return
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None and publication.kind == rtc.TrackKind.KIND_AUDIO:
                    self._on_subscribed(publication.track, publication, participant)

    def _choose(self, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if self._is_avatar(participant.identity) and publication.kind == rtc.TrackKind.KIND_AUDIO:
            publication.set_subscribed(True)

    def _on_subscribed(
        self, _: rtc.Track, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        # A request before the subscription has no effect: the SDK sends the server nothing for it.
        if self._is_avatar(participant.identity):
            is_wanted = publication.kind == rtc.TrackKind.KIND_AUDIO and self._listeners > 0
            self._enable(publication, enabled=is_wanted)

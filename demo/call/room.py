"""The room as the caller sees it: the avatar's tracks, and the agent's state."""

from __future__ import annotations

from typing import Final

from livekit import rtc

from demo.call.changes import Changes

AGENT_STATE: Final = "lk.agent.state"
CHANGES: Final = (
    "participant_connected",
    "participant_disconnected",
    "participant_attributes_changed",
    "track_subscribed",
    "track_unsubscribed",
    "disconnected",
)


class CallRoom:
    """A room that has been joined.

    Attributes:
        room: LiveKit's room.
    """

    def __init__(self, room: rtc.Room) -> None:
        self.room = room
        self._changes = Changes()
        for change in CHANGES:
            room.on(change, lambda *_: self._changes.notify())

    async def avatar_tracks(self) -> tuple[rtc.Track, rtc.Track]:
        """Wait for the avatar's audio and video."""
        return await self._changes.until(self._avatar_tracks)

    async def agent_listens(self) -> None:
        """Wait until the agent reports that it listens; an agent that reports no state counts as listening."""
        await self._changes.until(lambda: True if self.agent_state() in {None, "listening"} else None)

    def agent_state(self) -> str | None:
        """Return the state that the agent reports: initializing, listening, thinking or speaking."""
        states = [person.attributes.get(AGENT_STATE) for person in self.room.remote_participants.values()]
        return next((state for state in states if state), None)

    def _avatar_tracks(self) -> tuple[rtc.Track, rtc.Track] | None:
        for person in self.room.remote_participants.values():
            tracks = [publication.track for publication in person.track_publications.values() if publication.track]
            audio = next((track for track in tracks if track.kind == rtc.TrackKind.KIND_AUDIO), None)
            video = next((track for track in tracks if track.kind == rtc.TrackKind.KIND_VIDEO), None)
            if audio and video:
                return audio, video
        return None

"""A LiveKit room without a server: the test sets who is in it, and published tracks are kept."""

import asyncio
from types import SimpleNamespace
from typing import Any

from livekit import rtc

from avatar.core.audio import to_seconds


class LoopSource(rtc.AudioSource):
    """An audio source that plays in the event loop's time, and keeps the played audio.

    Args:
        heard: Collects the begin and the PCM of each played frame.
    """

    def __init__(self, heard: list[tuple[float, bytes]], rate: int, channels: int, queue_size_ms: int) -> None:
        super().__init__(rate, channels, queue_size_ms)
        self._heard = heard
        self._longest = queue_size_ms / 1000
        self._ends_at = 0.0

    @property
    def queued_duration(self) -> float:
        """Seconds that are not played yet."""
        return max(0.0, self._ends_at - self._loop.time())

    def clear_queue(self) -> None:
        """Drop what is not played yet."""
        now = self._loop.time()
        self._heard[:] = [(at, pcm) for at, pcm in self._heard if at < now]
        self._ends_at = min(self._ends_at, now)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Queue a frame; waits while the queue is full."""
        begin = max(self._loop.time(), self._ends_at)
        self._heard.append((begin, bytes(frame.data)))
        self._ends_at = begin + frame.duration
        await asyncio.sleep(self.queued_duration - self._longest)


class Agent:
    """The agent's participant, which may publish."""

    def __init__(self) -> None:
        self.identity = "the-agent"
        self.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        self.track_publications: dict[str, Any] = {}
        # Sids of the tracks that are published.
        self.published: list[str] = []
        self.tries = 0
        # Number of next attempts to publish that fail.
        self.failures = 0
        self.may_publish = asyncio.Event()
        self.may_unpublish = asyncio.Event()
        self.subscribed = asyncio.Event()
        for event in (self.may_publish, self.may_unpublish, self.subscribed):
            event.set()

    async def publish_track(self, track: rtc.LocalTrack, options: rtc.TrackPublishOptions) -> SimpleNamespace:
        """Publish a track, as soon as it may."""
        self.tries += 1
        await self.may_publish.wait()
        if self.failures:
            self.failures -= 1
            message = "the engine is closed"
            raise rtc.participant.PublishTrackError(message)
        sid = f"TR_{self.tries}"
        self.published.append(sid)
        return SimpleNamespace(sid=sid, wait_for_subscription=self.subscribed.wait)

    async def unpublish_track(self, sid: str) -> None:
        """Unpublish a track, as soon as it may."""
        await self.may_unpublish.wait()
        self.published.remove(sid)


class Publication:
    """A track that a participant publishes.

    Attributes:
        subscribed: Whether the agent has subscribed to it; None before it decided.
    """

    def __init__(self, sid: str, kind: Any, track: object = None) -> None:
        self.sid = sid
        self.kind = kind
        self.track = track
        self.subscribed: bool | None = None

    def set_subscribed(self, subscribed: bool) -> None:
        self.subscribed = subscribed


class VirtualRoom(rtc.Room):
    """A connected room with the agent in it."""

    def __init__(self) -> None:
        super().__init__()
        self.agent = Agent()
        self._info.name = "a-room"
        self._local_participant = self.agent  # type: ignore[assignment] # a small stand-in
        self._connection_state = rtc.ConnectionState.CONN_CONNECTED

    def isconnected(self) -> bool:
        """Return True while the room is connected."""
        return self._connection_state == rtc.ConnectionState.CONN_CONNECTED

    def come(self, identity: str, *tracks: object) -> None:
        """Let a participant join, with these tracks subscribed to."""
        publications = {"TR_face": Publication("TR_face", rtc.TrackKind.KIND_VIDEO)}
        for number, track in enumerate(tracks):
            sid = f"TR_sound_{number}"
            publications[sid] = Publication(sid, rtc.TrackKind.KIND_AUDIO, track)
        participant: Any = SimpleNamespace(
            identity=identity,
            track_publications=publications,
            state=rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE,
            kind=rtc.ParticipantKind.PARTICIPANT_KIND_AGENT,
        )
        self._remote_participants[identity] = participant
        self.emit("participant_connected", participant)
        self.emit("participant_active", participant)

    def publish(self, identity: str, sid: str, kind: Any) -> None:
        """Let a participant publish one more track."""
        participant: Any = self._remote_participants[identity]
        publication: Any = Publication(sid, kind)
        participant.track_publications[sid] = publication
        self.emit("track_published", publication, participant)

    def leave(self, identity: str) -> None:
        """Let a participant leave."""
        participant = self._remote_participants.pop(identity, None)
        if participant is not None:
            self.emit("participant_disconnected", participant)

    def connection(self, state: rtc.ConnectionState.ValueType) -> None:
        """Change the agent's own connection."""
        self._connection_state = state
        self.emit("connection_state_changed", state)


def seconds(pieces: list[tuple[float, bytes]]) -> float:
    """Return the duration of the audio that was heard."""
    return sum(to_seconds(len(pcm)) for _, pcm in pieces)

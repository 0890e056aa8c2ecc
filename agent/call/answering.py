"""Makes LiveKit answer incoming calls by telephone, which it does once the room has an audio track."""

import asyncio
import logging

from livekit import rtc

from agent.call.presence import Presence

logger = logging.getLogger("agent")

_RATE = 24_000


class Answering:
    """Publishes a silent audio track for as long as a telephone rings.

    LiveKit's telephony answers an incoming call when it has subscribed to an audio track, and drops the call otherwise
    (livekit/sip, pkg/sip/inbound.go, `waitSubscribe`). The avatar and the fallback track publish only when there is
    speech to play, and no speech is played before the call is answered.

    Args:
        room: Of the call.
        presence: Knows whether a telephone rings.
    """

    def __init__(self, room: rtc.Room, presence: Presence) -> None:
        self._room = room
        self._presence = presence
        self._is_answered = asyncio.Event()
        self._publishing: asyncio.Task[None] | None = None
        presence.on("changed", self._look)

    def close(self) -> None:
        """Unpublish the track when the call ends."""
        if self._publishing is not None:
            self._publishing.cancel()

    def _look(self) -> None:
        if not self._presence.is_ringing:
            self._is_answered.set()
        elif self._publishing is None or self._publishing.done():
            self._is_answered.clear()
            self._publishing = asyncio.create_task(self._publish(), name="answering")

    async def _publish(self) -> None:
        source = rtc.AudioSource(_RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("answering", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        participant = self._room.local_participant
        try:
            publication = await participant.publish_track(track, options)
            await self._is_answered.wait()
            await participant.unpublish_track(publication.sid)
        except (rtc.participant.PublishTrackError, rtc.participant.UnpublishTrackError) as error:
            logger.warning("a telephone that rings may not be answered", extra={"error": type(error).__name__})
        finally:
            await source.aclose()

"""The voice: what speaks while there is no avatar, an audio track that the agent publishes itself."""

import asyncio
import contextlib
import logging
from functools import partial

from livekit import rtc

from avatar.core import Interrupt, Speak, SpeakEnd
from avatar.core.audio import BYTES_PER_SAMPLE, SAMPLE_RATE
from avatar.core.signs import Kind
from avatar.playback import Playback

logger = logging.getLogger("avatar")

_FRAME_BYTES = SAMPLE_RATE // 50 * BYTES_PER_SAMPLE
_QUEUE_MS = 100
# What the track holds ahead: so much later than it was told an interrupt is not heard, for it empties the queue.

_HEARD_WITHIN = 0.5
# Seconds for somebody in the room to take the track. Speech that nobody takes would be lost; a room may be empty.

_PUBLISHED_WITHIN = 2.0

_TICK = 0.01


class RoomVoice:
    """Plays the core's speech in the room, at once and in real time.

    Args:
        playback: Whose speech is played.
        room: Where; it must be able to publish.
    """

    def __init__(self, playback: Playback, room: rtc.Room) -> None:
        self._playback = playback
        self._core = playback.core
        self._room = room
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=_QUEUE_MS)
        self._pcm = bytearray()
        self._event_id: str | None = None
        self._is_sealed = False
        self._is_playing = False

    async def run(self) -> None:
        """Publish the track and speak whenever the voice has the floor, until cancelled."""
        publication = await self._publish()
        try:
            await self._wait_for_hearers(publication)
            self._playback.act(self._core.voice_opened)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._play())
        finally:
            self._playback.act(self._core.voice_closed)
            self._source.clear_queue()
            await self._unpublish(publication)

    async def _publish(self) -> rtc.LocalTrackPublication:
        track = rtc.LocalAudioTrack.create_audio_track("voice", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        # To its end also when the avatar is back meanwhile: cut off half-way, the SDK keeps threads and descriptors.
        publishing = asyncio.ensure_future(self._room.local_participant.publish_track(track, options))
        try:
            publication = await asyncio.shield(publishing)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):  # what was not published need not be taken down
                async with asyncio.timeout(_PUBLISHED_WITHIN):
                    await self._unpublish(await publishing)
            raise
        return publication

    async def _wait_for_hearers(self, publication: rtc.LocalTrackPublication) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HEARD_WITHIN):
                await publication.wait_for_subscription()

    async def _unpublish(self, publication: rtc.LocalTrackPublication) -> None:
        with contextlib.suppress(rtc.participant.UnpublishTrackError):
            await self._room.local_participant.unpublish_track(publication.sid)
        await self._source.aclose()

    async def _listen(self) -> None:
        async with contextlib.aclosing(self._playback.commands(self._core.next_voice_command)) as commands:
            async for command in commands:
                match command:
                    case Speak():
                        self._event_id = command.event_id
                        self._pcm += command.audio
                    case SpeakEnd():
                        self._is_sealed = True
                    case Interrupt():
                        self._clear()
                        self._source.clear_queue()

    async def _play(self) -> None:
        while True:
            if self._pcm:
                await self._play_next()
            else:
                self._tell_silence()
                await asyncio.sleep(_TICK)

    async def _play_next(self) -> None:
        pcm = bytes(self._pcm[:_FRAME_BYTES])
        del self._pcm[:_FRAME_BYTES]
        if not self._is_playing and self._event_id is not None:
            self._is_playing = True
            self._playback.act(partial(self._core.voice_says, Kind.TALKING, self._event_id))
        await self._source.capture_frame(rtc.AudioFrame(pcm, SAMPLE_RATE, 1, len(pcm) // BYTES_PER_SAMPLE))

    def _tell_silence(self) -> None:
        """Everything that it was given has been heard: that is the end, or it waits for more."""
        event_id = self._event_id
        if event_id is None or not (self._is_playing or self._is_sealed) or self._source.queued_duration > 0:
            return
        self._is_playing = False
        if self._is_sealed:
            self._clear()
            self._playback.act(partial(self._core.voice_says, Kind.ENDED, event_id))
        else:
            self._playback.act(partial(self._core.voice_says, Kind.QUIET, event_id))

    def _clear(self) -> None:
        self._pcm.clear()
        self._event_id = None
        self._is_sealed = self._is_playing = False

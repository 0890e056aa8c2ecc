"""The fallback track: publishes it, and plays the machine's speech on it."""

import asyncio
import contextlib
import logging

from livekit import rtc

from avatar.core import EventKind, Interrupt, Speak, SpeakEnd
from avatar.core.audio import BYTES_PER_SAMPLE, SAMPLE_RATE
from avatar.link.driver import Driver
from avatar.link.tasks import Tasks

logger = logging.getLogger("avatar")

_FRAME_BYTES = SAMPLE_RATE // 50 * BYTES_PER_SAMPLE

# How far ahead the track is filled. An interrupt empties it, so this adds no delay.
_QUEUE_MS = 100

# How long to wait for a first subscriber, since earlier speech is lost. The room may be empty.
_SUBSCRIBE_TIMEOUT_S = 0.5

# Shorter than the machine's wait for an answer to `PublishFallback`.
_PUBLISH_TIMEOUT_S = 5.0

_UNPUBLISH_TIMEOUT_S = 2.0

# Between two checks for more audio.
_TICK_S = 0.01


class FallbackTrack:
    """The executor of `PublishFallback` and `UnpublishFallback`.

    Args:
        driver: Driver of the machine that asks for them.
        room: Where the track is published; it has to be able to publish.
    """

    def __init__(self, driver: Driver, room: rtc.Room) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._room = room
        self._running: asyncio.Task[None] | None = None
        self._tasks = Tasks()

    def publish(self) -> None:
        """Publish the track, and play until it is unpublished."""
        self.unpublish()
        self._running = self._tasks.start(self._run(), "avatar_fallback", lambda _: self._report_loss())

    def unpublish(self) -> None:
        """Unpublish the track, or give up publishing it."""
        if self._running is not None:
            self._running.cancel()
            self._running = None

    async def aclose(self, limit: float) -> None:
        """Unpublish the track; takes `limit` seconds at most."""
        await self._tasks.aclose(limit)

    async def _run(self) -> None:
        try:
            await _Publication(self._driver, self._room).run()
        except Exception as error:  # noqa: BLE001 - whatever the failure: the machine asks for the track again
            logger.error("the fallback track failed", extra={"error": repr(error)})  # noqa: TRY400 - a sentence
            self._report_loss()

    def _report_loss(self) -> None:
        with self._driver.step() as now:
            self._machine.fallback_lost(now)


class _Publication:
    """One publication of the track, from its audio source to its end."""

    def __init__(self, driver: Driver, room: rtc.Room) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._room = room
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=_QUEUE_MS)
        self._pcm = bytearray()
        self._event_id: str | None = None
        self._is_sealed = False
        self._is_playing = False

    async def run(self) -> None:
        publication = await self._publish()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SUBSCRIBE_TIMEOUT_S):
                    await publication.wait_for_subscription()
            with self._driver.step() as now:
                self._machine.fallback_published(now)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._play())
        finally:
            self._source.clear_queue()
            await self._unpublish(publication)

    async def _publish(self) -> rtc.LocalTrackPublication:
        track = rtc.LocalAudioTrack.create_audio_track("fallback", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publishing = asyncio.ensure_future(self._room.local_participant.publish_track(track, options))
        try:
            async with asyncio.timeout(_PUBLISH_TIMEOUT_S):
                return await asyncio.shield(publishing)
        except (asyncio.CancelledError, TimeoutError):
            # When publishing is cancelled, the SDK leaks threads and descriptors: let it publish, then unpublish.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_UNPUBLISH_TIMEOUT_S):
                    await self._unpublish(await publishing)
            raise

    async def _unpublish(self, publication: rtc.LocalTrackPublication) -> None:
        with contextlib.suppress(rtc.participant.UnpublishTrackError, TimeoutError):
            async with asyncio.timeout(_UNPUBLISH_TIMEOUT_S):
                await self._room.local_participant.unpublish_track(publication.sid)
        await self._source.aclose()

    async def _listen(self) -> None:
        """Take the machine's commands."""
        async with contextlib.aclosing(self._driver.fallback_commands()) as commands:
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
                self._report_silence()
                await asyncio.sleep(_TICK_S)

    async def _play_next(self) -> None:
        pcm = bytes(self._pcm[:_FRAME_BYTES])
        del self._pcm[:_FRAME_BYTES]
        if not self._is_playing and self._event_id is not None:
            self._is_playing = True
            self._report(EventKind.STARTED, self._event_id)
        await self._source.capture_frame(rtc.AudioFrame(pcm, SAMPLE_RATE, 1, len(pcm) // BYTES_PER_SAMPLE))

    def _report_silence(self) -> None:
        """Report that all audio was heard: the end of a sealed utterance, else a pause until more audio comes."""
        event_id = self._event_id
        if event_id is None or not (self._is_playing or self._is_sealed) or self._source.queued_duration > 0:
            return
        self._is_playing = False
        if self._is_sealed:
            self._clear()
            self._report(EventKind.ENDED, event_id)
        else:
            self._report(EventKind.SILENT, event_id)

    def _report(self, kind: EventKind, event_id: str) -> None:
        with self._driver.step() as now:
            self._machine.fallback_reports(kind, event_id, now)

    def _clear(self) -> None:
        self._pcm.clear()
        self._event_id = None
        self._is_sealed = self._is_playing = False

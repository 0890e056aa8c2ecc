"""Records the room of a call with LiveKit's egress, which joins it and writes to a bucket itself."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from livekit import api

from agent.reports.report import Recording
from agent.reports.store import address_of
from agent.rooms.dispatch import LIVEKIT_FAILURES
from agent.settings.aws import BucketAccess

logger = logging.getLogger("agent")

# Seconds for LiveKit to confirm the start, which waits for a free egress worker, and the stop.
_START_TIMEOUT = 15.0
_STOP_TIMEOUT = 2.0

_FAILED = "the recording could not be started: does an egress service run with LiveKit, and may it write to RECORD?"


class EgressService(Protocol):
    """LiveKit's egress API, which `api.LiveKitAPI.egress` implements."""

    async def start_room_composite_egress(self, start: api.RoomCompositeEgressRequest, /) -> api.EgressInfo:
        """Start recording a room."""

    async def stop_egress(self, stop: api.StopEgressRequest, /) -> api.EgressInfo:
        """Stop a recording."""


class RoomRecording:
    """The recording of one call. A failure is noted, and never ends the call.

    Args:
        egress: LiveKit's egress API.
        access: Access to the bucket.
        bucket: `s3://bucket/prefix`.
        on_started: Called with the recording.
        on_failed: Called with a sentence for the report.
    """

    def __init__(
        self,
        egress: EgressService,
        access: BucketAccess,
        bucket: str,
        *,
        on_started: Callable[[Recording], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self._egress = egress
        self._access = access
        self._bucket = bucket
        self._on_started = on_started
        self._on_failed = on_failed
        self._starting: asyncio.Task[None] | None = None
        self._egress_id = ""

    def start(self, room: str, name: str) -> None:
        """Start recording, in the background.

        Args:
            room: Name of the room.
            name: Path of the file below the bucket's prefix, without its ending.
        """
        self._starting = asyncio.create_task(self._start(room, f"{name}.mp4"), name="recording")

    async def stop(self) -> None:
        """Stop the recording if it was started; LiveKit also stops it when the room is closed."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
            self._fail("no answer before the call ended")
        if not self._egress_id:
            return
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                await self._egress.stop_egress(api.StopEgressRequest(egress_id=self._egress_id))
        except LIVEKIT_FAILURES as error:
            logger.warning("the recording ends with the room", extra={"error": type(error).__name__})

    async def _start(self, room: str, name: str) -> None:
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                info = await self._egress.start_room_composite_egress(request(self._access, self._bucket, room, name))
        except LIVEKIT_FAILURES as error:
            self._fail(getattr(error, "code", type(error).__name__))
            return
        self._egress_id = info.egress_id
        self._on_started(Recording(egress_id=info.egress_id, location=address_of(self._bucket, name)))

    def _fail(self, error: str) -> None:
        logger.warning("the call is not recorded", extra={"error": error})
        self._on_failed(_FAILED)


def request(access: BucketAccess, bucket: str, room: str, name: str) -> api.RoomCompositeEgressRequest:
    """Make a request for one MP4 file with all video and audio of a room.

    Without a key in the environment the egress service uses its own.
    """
    parts = urlsplit(bucket)
    prefix = parts.path.strip("/")
    upload = api.S3Upload(
        access_key=access.key,
        secret=access.secret,
        session_token=access.session_token,
        region=access.region,
        endpoint=access.endpoint,
        bucket=parts.netloc,
        force_path_style=bool(access.endpoint),
    )
    path = f"{prefix}/{name}" if prefix else name
    file = api.EncodedFileOutput(file_type=api.EncodedFileType.MP4, filepath=path, s3=upload)
    return api.RoomCompositeEgressRequest(room_name=room, layout="speaker", file_outputs=[file])

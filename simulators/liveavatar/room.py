"""The LiveKit room that the avatar joins: one video track and one audio track, and nothing else."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from livekit import rtc

from simulators.liveavatar.model import RATE_HZ, SAMPLE_BYTES
from simulators.portrait import FacePainter

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.liveavatar.model.player import AgentState
    from simulators.portrait import Mouth

logger = logging.getLogger(__name__)

# Observed (fact 77).
FRAMES_PER_SECOND = 25

# Seconds of audio that the source buffers, so that a tick may be this late without a gap.
DELAY_SECONDS = 0.08

# Most audio that the source buffers: `DELAY_SECONDS`, and the audio of one late tick.
QUEUE_MS = 200

# A drawn face moves little; this keeps its edges sharp.
BITS_PER_PIXEL = 0.08


@dataclass(frozen=True, slots=True)
class Invitation:
    """The room that the avatar joins, and the size of its video.

    Attributes:
        url: URL of the LiveKit server.
        token: The avatar's token, with its identity, name and attributes.
        width: Width of the video in pixels.
        height: Height of the video in pixels.
        codec: Codec of the video.
    """

    url: str
    token: str = field(repr=False)
    width: int
    height: int
    codec: Literal["H264", "VP8"] = "VP8"


class RoomError(Exception):
    """The room could not be joined."""


class Room(Protocol):
    """The part of a room that a session needs."""

    @property
    def is_connected(self) -> bool:
        """Whether the avatar is in the room; False once it has been removed or the room is gone."""

    @property
    def delay_seconds(self) -> float:
        """Seconds by which `play` needs its audio ahead of playback."""

    async def join(self) -> None:
        """Join and publish both tracks; raises RoomError."""

    async def play(self, pcm: bytes) -> None:
        """Play the next audio: 24 kHz, mono, s16le."""

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """Show the face as it is `seconds` after the start."""

    async def leave(self) -> None:
        """Leave, if the avatar has joined."""


OpenRoom: TypeAlias = "Callable[[Invitation], Room]"


class LiveKitRoom:
    """A room on a real LiveKit server; the tracks have the names that were seen (fact 25)."""

    def __init__(self, invitation: Invitation) -> None:
        self._invitation = invitation
        self._room = rtc.Room()
        self._connecting: asyncio.Future[None] | None = None
        self._audio = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=QUEUE_MS)
        self._video = rtc.VideoSource(invitation.width, invitation.height)

    @property
    def is_connected(self) -> bool:
        """Whether the avatar is in the room."""
        return self._room.isconnected()

    @property
    def delay_seconds(self) -> float:
        """Seconds of audio that the source buffers."""
        return DELAY_SECONDS

    async def join(self) -> None:
        """Join and publish both tracks.

        Raises:
            RoomError: The server can't be reached, or refuses the token.
        """
        self._painter = await asyncio.to_thread(FacePainter, self._invitation.width, self._invitation.height)
        try:
            # Connecting is always finished, even if the session is stopped: a cancelled one ends the whole process.
            options = rtc.RoomOptions(auto_subscribe=False)
            connecting = self._room.connect(self._invitation.url, self._invitation.token, options)
            self._connecting = asyncio.ensure_future(connecting)
            await asyncio.shield(self._connecting)
            await self._publish_audio()
            await self._publish_video()
        except (rtc.ConnectError, rtc.participant.PublishTrackError) as error:
            raise RoomError(str(error)) from error
        logger.info("joined the room", extra={"room": self._room.name})

    async def play(self, pcm: bytes) -> None:
        """Queue the next audio."""
        await self._audio.capture_frame(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // SAMPLE_BYTES))

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """Draw a frame, in a thread since it takes a few milliseconds, and send it."""
        width, height = self._invitation.width, self._invitation.height
        draw = partial(self._painter.draw, seconds, mouth.openness, mood, roundness=mouth.roundness)
        picture = await asyncio.to_thread(draw)
        self._video.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, picture))

    async def disconnect(self) -> None:
        """Leave the room without freeing the tracks."""
        await self._room.disconnect()

    async def unpublish(self) -> None:
        """Unpublish both tracks."""
        for sid in list(self._room.local_participant.track_publications):
            await self._room.local_participant.unpublish_track(sid)

    async def leave(self) -> None:
        """Leave the room, if the avatar has joined, and free the tracks."""
        if self._connecting is not None:
            await asyncio.wait({self._connecting})
        await self._room.disconnect()
        await self._audio.aclose()
        await self._video.aclose()

    async def _publish_audio(self) -> None:
        track = rtc.LocalAudioTrack.create_audio_track("avatar-audio", self._audio)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, red=False)
        await self._room.local_participant.publish_track(track, options)

    async def _publish_video(self) -> None:
        track = rtc.LocalVideoTrack.create_video_track("avatar", self._video)
        pixels_per_second = self._invitation.width * self._invitation.height * FRAMES_PER_SECOND
        encoding = rtc.VideoEncoding(
            max_framerate=FRAMES_PER_SECOND, max_bitrate=round(pixels_per_second * BITS_PER_PIXEL)
        )
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            video_codec=rtc.VideoCodec.Value(self._invitation.codec),
            video_encoding=encoding,
            simulcast=False,
        )
        await self._room.local_participant.publish_track(track, options)

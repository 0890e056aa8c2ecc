"""Limits the streams that participants may send, before they are read whole.

LiveKit's SDK queues every chunk of a stream that has a handler. So a stream that is not wanted, or is too long, is
closed: chunks that come later are dropped.
"""

import logging
from collections.abc import AsyncIterator, Callable

from livekit import rtc

logger = logging.getLogger("agent")

# The topic of audio that a caller's client recorded before the agent came (livekit-agents,
# room_io/_pre_connect_audio.py).
PRE_CONNECT_AUDIO = "lk.agent.pre-connect-audio-buffer"

# Bytes of that recording. Clients record ten seconds: 1.9 MB of 16 bit, 48 kHz, stereo; as Opus a tenth, at most.
_LONGEST_RECORDING = 2_000_000
_LONGEST_OPUS = 250_000

ByteStreamHandler = Callable[[rtc.ByteStreamReader, str], None]


class TooLongError(Exception):
    """A stream is too long and was closed."""


async def read_text(reader: rtc.TextStreamReader, longest: int) -> str:
    """Read a text stream.

    Args:
        reader: Of the stream; it is closed afterwards, even if this call is cancelled.
        longest: The most characters that the text may have.

    Raises:
        TooLongError: The text has more characters.
        rtc.StreamError: The stream broke off.
    """
    text = ""
    try:
        async for chunk in reader:
            text += chunk
            if len(text) > longest:
                raise TooLongError
    finally:
        reader.close()
    return text


def bound_pre_connect_audio(room: rtc.Room) -> None:
    """Accept a recording only from the participant who publishes its microphone track, up to a length.

    Call it before the agent session starts, since the session registers the room's handler for such recordings.
    """
    register = room.register_byte_stream_handler
    is_open: set[str] = set()

    def register_bounded(topic: str, handler: ByteStreamHandler) -> None:
        register(topic, bounded(handler) if topic == PRE_CONNECT_AUDIO else handler)

    def bounded(handler: ByteStreamHandler) -> ByteStreamHandler:
        def take(reader: rtc.ByteStreamReader, identity: str) -> None:
            attributes = reader.info.attributes or {}
            track = attributes.get("trackId", "")
            # Without these the handler would neither read nor close the stream.
            is_audio = all(attributes.get(name, "").isdecimal() for name in ("sampleRate", "channels"))
            if track in is_open or not is_audio or not _publishes(room, identity, track):
                reader.close()
                logger.warning("a recording without a track of its sender is dropped", extra={"participant": identity})
                return
            is_open.add(track)
            handler(_Recording(reader, lambda: is_open.discard(track)), identity)  # type: ignore[arg-type] # as far as it is read

        return take

    room.register_byte_stream_handler = register_bounded  # type: ignore[method-assign] # the framework calls it


def _publishes(room: rtc.Room, identity: str, track: str) -> bool:
    participant = room.remote_participants.get(identity)
    publication = None if participant is None else participant.track_publications.get(track)
    return publication is not None and publication.kind == rtc.TrackKind.KIND_AUDIO


class _Recording:
    """A byte stream that is cut where it gets too long."""

    def __init__(self, reader: rtc.ByteStreamReader, on_end: Callable[[], None]) -> None:
        self._reader = reader
        self._on_end = on_end
        self.info = reader.info

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _LONGEST_OPUS if "opus" in (self.info.mime_type or "") else _LONGEST_RECORDING
        try:
            async for chunk in self._reader:
                left -= len(chunk)
                if left < 0:
                    logger.warning("a recording from before the call is too long, and is cut")
                    return
                yield chunk
        finally:
            self._reader.close()
            self._on_end()

"""The transcripts of the caller and the agent, from the room's own transcription text streams (`lk.transcription`)."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from livekit import rtc

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC: Final = "lk.transcription"
SEGMENT_ID: Final = "lk.segment_id"
TRACK_ID: Final = "lk.transcribed_track_id"
FINAL: Final = "lk.transcription_final"


@dataclass(slots=True)
class Segment:
    """A piece of transcript: an utterance of the caller, or an answer of the agent."""

    is_own: bool
    started_at: float = field(default_factory=time.monotonic)
    text: str = ""
    final: bool = False

    def update(self, text: str, *, final: bool) -> None:
        """Set a newer text; a final text stays, even if streams of interim texts are read to their end after it."""
        if final or not self.final:
            self.text, self.final = text, final


class Captions:
    """The transcript segments of a room: the caller's own words as the agent understood them, and everybody else's.

    Args:
        room: The room; its handler for transcriptions is used.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._segments: dict[str, Segment] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        room.register_text_stream_handler(TOPIC, self._on_stream)

    def own(self, since: float) -> str:
        """Return the caller's own final words, of segments that began after `since`."""
        return " ".join(segment.text.strip() for segment in self._since(since) if segment.is_own and segment.final)

    def others(self, since: float) -> str:
        """Return everybody else's words that have come so far, of segments that began after `since`."""
        return " ".join(segment.text.strip() for segment in self._since(since) if not segment.is_own)

    async def aclose(self) -> None:
        """Stop reading."""
        self._room.unregister_text_stream_handler(TOPIC)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _since(self, since: float) -> Iterator[Segment]:
        return (segment for segment in self._segments.values() if segment.started_at >= since)

    def _on_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        task = asyncio.create_task(self._read(reader, identity))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        """Read one stream: an agent's answer grows in one stream, a caller's words come in a new one each time."""
        attributes = reader.info.attributes or {}
        new = Segment(is_own=self._is_own(identity, attributes.get(TRACK_ID)))
        segment = self._segments.setdefault(attributes.get(SEGMENT_ID, reader.info.stream_id), new)
        text = ""
        # The room may end in the middle of a sentence.
        with suppress(rtc.StreamError):
            async for chunk in reader:
                text += chunk
                segment.update(text, final=False)
        segment.update(text, final=(reader.info.attributes or {}).get(FINAL) == "true")

    def _is_own(self, identity: str, track_id: str | None) -> bool:
        """Return whether a transcript is the caller's, by identity, or by the track's id if the identity was lost."""
        own = self._room.local_participant
        return identity == own.identity or track_id in own.track_publications

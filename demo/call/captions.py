"""What the agent understood and what it says, from the room's own transcription text streams (`lk.transcription`)."""

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
    """A piece of transcript: a caller's utterance, or an answer of the agent's."""

    is_own: bool
    started_at: float = field(default_factory=time.monotonic)
    text: str = ""
    final: bool = False

    def update(self, text: str, *, final: bool) -> None:
        """Take a newer text; a final one stays, though streams of interim ones may be read to their end after it."""
        if final or not self.final:
            self.text, self.final = text, final


class Captions:
    """Collects the segments of a room: the own words as the agent understood them, and those of everybody else.

    Args:
        room: The room; its handler for transcriptions is taken.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._segments: dict[str, Segment] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        room.register_text_stream_handler(TOPIC, self._on_stream)

    def own(self, since: float) -> str:
        """Give the own words, as far as they are final, in segments that began after this instant."""
        return " ".join(segment.text.strip() for segment in self._since(since) if segment.is_own and segment.final)

    def others(self, since: float) -> str:
        """Give the words of everybody else, as far as they have come."""
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
        """Read one stream: an agent's answer grows in one; a caller's words come whole, again with each change."""
        attributes = reader.info.attributes or {}
        new = Segment(is_own=self._is_own(identity, attributes.get(TRACK_ID)))
        segment = self._segments.setdefault(attributes.get(SEGMENT_ID, reader.info.stream_id), new)
        text = ""
        with suppress(rtc.StreamError):  # the room ended in the middle of a sentence
            async for chunk in reader:
                text += chunk
                segment.update(text, final=False)
        segment.update(text, final=(reader.info.attributes or {}).get(FINAL) == "true")

    def _is_own(self, identity: str, track_id: str | None) -> bool:
        """A transcript is sent on behalf of who spoke; the track's id says it where the identity was not kept."""
        own = self._room.local_participant
        return identity == own.identity or track_id in own.track_publications

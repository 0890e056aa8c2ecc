"""Recordings that participants send as streams, and how much of them is read."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents.voice.room_io import _pre_connect_audio as framework

from agent.control import streams
from agent.control.streams import PRE_CONNECT_AUDIO, bound_pre_connect_audio
from tests.agent.room_fakes import PeopleRoom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CALLER, TRACK = "caller-1", "TR_microphone"
CHUNK = bytes(15_000)
PCM = {"trackId": TRACK, "sampleRate": "24000", "channels": "1"}


class Recording:
    """A byte stream with so many chunks.

    Attributes:
        read: Chunks that were taken.
        is_closed: True if the rest was dropped.
    """

    def __init__(self, attributes: dict[str, str] | None, times: int = 1, mime_type: str = "audio/pcm") -> None:
        self.info = SimpleNamespace(attributes=attributes, mime_type=mime_type)
        self.read = 0
        self.is_closed = False
        self._times = times

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.read < self._times:
            self.read += 1
            yield CHUNK

    def close(self) -> None:
        self.is_closed = True


class Room(PeopleRoom):
    """A room with a caller whose microphone is published, and a spectator."""

    def __init__(self) -> None:
        super().__init__()
        self.handlers: dict[str, Any] = {}
        self.come(CALLER)
        publication = SimpleNamespace(kind=rtc.TrackKind.KIND_AUDIO)
        self.remote_participants[CALLER].track_publications = {TRACK: publication}
        self.come("spectator")

    def register_byte_stream_handler(self, topic: str, handler: Any) -> None:
        self.handlers[topic] = handler

    def unregister_byte_stream_handler(self, topic: str) -> None:
        self.handlers.pop(topic, None)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """Make a room as it is after a session has started."""
    room: Any = Room()
    bound_pre_connect_audio(room)
    handler = framework.PreConnectAudioHandler(room, timeout=3.0)
    handler.register()
    room.framework = handler
    yield room
    await handler.aclose()


async def test_the_recording_of_a_microphone_is_passed_to_the_framework(room: Any) -> None:
    """Speech from before the agent joined is transcribed."""
    recording = Recording(PCM, times=3)
    room.handlers[PRE_CONNECT_AUDIO](recording, CALLER)
    frames = await room.framework.wait_for_data(TRACK)

    assert framework.PRE_CONNECT_AUDIO_BUFFER_STREAM == PRE_CONNECT_AUDIO
    assert sum(len(frame.data) * 2 for frame in frames) == 3 * len(CHUNK)
    assert recording.is_closed


@pytest.mark.parametrize(("mime_type", "chunks"), [("audio/pcm", 133), ("audio/webm;codecs=opus", 16)])
async def test_a_recording_is_cut_before_it_is_read_whole(
    monkeypatch: pytest.MonkeyPatch, mime_type: str, chunks: int
) -> None:
    """The limit is 2 MB of PCM and a quarter of that of Opus; a million chunks would be 15 GB."""
    room: Any = Room()
    bound_pre_connect_audio(room)
    taken: list[int] = []

    async def take(reader: Any) -> None:
        taken.extend([len(chunk) async for chunk in reader])

    tasks: list[asyncio.Task[None]] = []
    room.register_byte_stream_handler(
        PRE_CONNECT_AUDIO, lambda reader, _: tasks.append(asyncio.create_task(take(reader)))
    )
    recording = Recording(PCM, times=1_000_000, mime_type=mime_type)
    room.handlers[PRE_CONNECT_AUDIO](recording, CALLER)
    await asyncio.gather(*tasks)

    assert len(taken) == chunks
    assert recording.is_closed


@pytest.mark.parametrize(
    ("identity", "attributes"),
    [
        ("spectator", PCM),  # not the sender's track
        ("nobody", PCM),
        (CALLER, PCM | {"trackId": "TR_invented"}),
        (CALLER, {"sampleRate": "24000", "channels": "1"}),
        (CALLER, {"trackId": TRACK}),  # the framework would leave it open and unread
        (CALLER, PCM | {"channels": "many"}),
        (CALLER, None),
    ],
)
async def test_a_recording_without_a_track_of_its_sender_is_dropped(
    room: Any, caplog: pytest.LogCaptureFixture, identity: str, attributes: dict[str, str] | None
) -> None:
    """It is closed without being read."""
    caplog.set_level(logging.WARNING)
    recording = Recording(attributes, times=1_000_000)
    room.handlers[PRE_CONNECT_AUDIO](recording, identity)
    await asyncio.sleep(0)

    assert (recording.read, recording.is_closed) == (0, True)
    [record] = caplog.records
    assert record.getMessage() == "a recording without a track of its sender is dropped"


async def test_a_track_has_one_recording_at_a_time(room: Any) -> None:
    """The next recording is accepted when the first has ended."""
    first, second, third = Recording(PCM), Recording(PCM), Recording(PCM)
    room.handlers[PRE_CONNECT_AUDIO](first, CALLER)
    room.handlers[PRE_CONNECT_AUDIO](second, CALLER)
    dropped = second.is_closed
    await room.framework.wait_for_data(TRACK)
    room.handlers[PRE_CONNECT_AUDIO](third, CALLER)
    await room.framework.wait_for_data(TRACK)

    assert dropped
    assert (first.read, second.read, third.read) == (1, 0, 1)


async def test_other_streams_are_left_alone() -> None:
    """Their handlers are registered unchanged."""
    room: Any = Room()
    bound_pre_connect_audio(room)
    room.register_byte_stream_handler("files", print)

    assert room.handlers == {"files": print}
    assert streams.PRE_CONNECT_AUDIO not in room.handlers

"""Captions follow the avatar's playback: a word is shown when it is heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import rtc
from livekit.agents.types import TimedString
from livekit.agents.voice.io import TextOutput

from avatar.captions.captions import AvatarCaptions

FLUSH = "|"


class Room(TextOutput):
    """The room's transcription: the text that was shown, in order, with a mark at each segment's end."""

    def __init__(self) -> None:
        super().__init__(label="Room", next_in_chain=None)
        self.shown = ""
        self.is_away = self._capturing = False
        self.failed = asyncio.Event()
        self.changed = asyncio.Condition()

    async def capture_text(self, text: str) -> None:
        if self.is_away:
            self.failed.set()
            message = "away"
            raise rtc.StreamError(message)
        self._capturing = True
        await self._show(text)

    def flush(self) -> None:
        if not self._capturing:
            return
        self._capturing = False
        self.shown += FLUSH
        self._flushing = asyncio.create_task(self._show(""))

    async def shows(self, text: str) -> None:
        """Wait until exactly this text is shown."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.shown == text)

    async def _show(self, text: str) -> None:
        async with self.changed:
            self.shown += text
            self.changed.notify_all()


class Avatar:
    """An avatar whose playback position is set by hand."""

    def __init__(self) -> None:
        self.position = 0.0

    def played(self) -> float:
        return self.position


@asynccontextmanager
async def captions(*, delay: float = 0.0) -> AsyncIterator[tuple[AvatarCaptions, Avatar, Room]]:
    """Yield the captions of an avatar that the test controls."""
    room, avatar = Room(), Avatar()
    output = AvatarCaptions(room, avatar.played, delay=delay)
    try:
        yield output, avatar, room
    finally:
        await output.aclose()


async def say(output: AvatarCaptions, *words: str) -> None:
    """Capture one second of audio for each word."""
    for second, word in enumerate(words):
        await output.capture_text(TimedString(word, start_time=float(second), end_time=second + 1.0))
    output.flush()
    output.end_audio(float(len(words)))


async def say_as_heard(output: AvatarCaptions, room: Room, words: str, *, before: str = "") -> None:
    """Say something to its end, and wait until it is shown."""
    await say(output, words)
    output.start(0.0)
    assert output.finish(1.0, interrupted=False) == words
    await room.shows(f"{before}{words}|")


async def begin(output: AvatarCaptions, room: Room) -> None:
    """Say three words, and wait until the first is shown."""
    await say(output, "one ", "two ", "three")
    output.start(0.0)
    await room.shows("one ")


@pytest.mark.parametrize("delay", [0.0, 0.02])
async def test_a_word_is_shown_when_the_avatar_reaches_it(delay: float) -> None:
    """A word is not shown when it is captured, nor while the avatar stands still."""
    async with captions(delay=delay) as (output, avatar, room):
        await begin(output, room)
        avatar.position = 1.5
        await room.shows("one two ")
        heard = output.finish(3.0, interrupted=False)
        await room.shows("one two three|")

    assert heard == "one two three"


async def test_an_interrupted_caption_ends_with_the_last_word_that_was_heard() -> None:
    """The room's caption and the chat context end with the same word."""
    async with captions() as (output, _, room):
        await begin(output, room)
        heard = output.finish(1.2, interrupted=True)
        await room.shows("one two |")

    assert heard == "one two "


async def test_nothing_is_shown_before_the_avatar_speaks() -> None:
    """A segment that is interrupted before its first sound shows no words."""
    async with captions() as (output, _, room):
        await output.capture_text("never ")
        heard = output.finish(0.0, interrupted=True)
        await say_as_heard(output, room, "then")

    assert heard == ""


async def test_the_next_segment_is_shown_after_the_room_was_away() -> None:
    """Captions are dropped while the room is away; the next segment is shown."""
    async with captions() as (output, _, room):
        room.is_away = True
        await say(output, "lost")
        output.start(0.0)
        output.finish(1.0, interrupted=False)
        await room.failed.wait()
        room.is_away = False
        await say_as_heard(output, room, "shown")


async def test_text_without_audio_is_not_shown() -> None:
    """Text without audio was not said; the next segment shows only its own words."""
    async with captions() as (output, _, room):
        await output.capture_text("unspeakable")
        output.end_audio(0.0)
        output.flush()
        await say_as_heard(output, room, "spoken")


async def test_text_without_times_is_spread_over_the_audio() -> None:
    """Captions of a TTS without word times are spread over the audio."""
    async with captions() as (output, avatar, room):
        await output.capture_text("one two ")
        await output.capture_text("three four")
        output.flush()
        output.end_audio(4.0)
        avatar.position = 2.0
        output.start(0.0)
        await room.shows("one two three ")
        output.finish(4.0, interrupted=False)
        await room.shows("one two three four|")


async def test_text_is_shown_at_once_when_audio_is_off() -> None:
    """With the audio off there is no playback to follow."""
    async with captions() as (output, _, room):
        output._is_spoken = lambda: False
        await output.capture_text("an answer")
        output.flush()
        await room.shows("an answer|")

        output._is_spoken = lambda: True
        await say_as_heard(output, room, "then", before="an answer|")


async def test_text_is_not_shown_as_heard_when_its_tts_stops_early() -> None:
    """Of ten words one second was spoken; the next segment is complete again."""
    async with captions() as (output, avatar, room):
        await output.capture_text("one two three four five six seven eight nine ten")
        output.flush()
        output.truncate()
        output.end_audio(1.0)
        output.start(0.0)
        avatar.position = 1.0
        heard = output.finish(1.0, interrupted=False)
        assert heard.startswith("one two ")
        assert "eight" not in heard

        await say_as_heard(output, room, "then", before=f"{heard}|")

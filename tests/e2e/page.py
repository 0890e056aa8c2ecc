"""A caller's web page: it joins the room with a microphone, reads the captions, and can be closed and opened again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from livekit import rtc

from demo.call.captions import Captions
from demo.call.microphone import Microphone
from demo.call.room import CallRoom
from demo.call.voices import StandIns
from tests.e2e.conversation import HAPPENS, JOINS, POLL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from demo.call.captions import Segment
    from demo.call.microphone import Spoken
    from tests.e2e.stage import Stage


@dataclass(frozen=True, slots=True)
class Page:
    """A page in a call.

    Attributes:
        room: The caller's room.
    """

    room: rtc.Room
    captions: Captions
    microphone: Microphone
    voice: StandIns

    async def say(self, text: str) -> Spoken:
        """Say a text in real time."""
        return await self.microphone.say(await self.voice.speak(text))

    async def write(self, text: str) -> None:
        """Write a text into the chat."""
        await self.room.local_participant.send_text(text, topic="lk.chat")

    async def listens(self) -> None:
        """Wait until the agent has finished speaking and listens."""
        async with asyncio.timeout(HAPPENS):
            await CallRoom(self.room).agent_listens()

    async def answer(self, number: int) -> str:
        """Wait until the caption of the n-th answer on this page is final."""
        return (await self._segment(number, lambda segment: segment.final)).text.strip()

    async def begun(self, number: int, characters: int) -> str:
        """Wait until this much of the caption of the n-th answer on this page has come."""
        return (await self._segment(number, lambda segment: len(segment.text) >= characters)).text.strip()

    async def _segment(self, number: int, until: Callable[[Segment], bool]) -> Segment:
        async with asyncio.timeout(HAPPENS):
            while True:
                segments = [segment for segment in self.captions._segments.values() if not segment.is_own]
                if len(segments) >= number and until(segments[number - 1]):
                    return segments[number - 1]
                await asyncio.sleep(POLL)


@asynccontextmanager
async def page(stage: Stage, room_name: str, *, identity: str = "caller", url: str = "") -> AsyncIterator[Page]:
    """Open a page and yield it once the avatar has joined and the agent listens; close it at the end."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        room = rtc.Room()
        captions, call_room = Captions(room), CallRoom(room)
        stack.push_async_callback(captions.aclose)
        ticket = await stage.ticket(room_name, identity)
        await room.connect(url or ticket.url, ticket.token)
        stack.push_async_callback(room.disconnect)
        microphone = Microphone(lambda *_: None)
        stack.push_async_callback(microphone.aclose)
        await microphone.publish(room)
        async with asyncio.timeout(JOINS):
            await call_room.avatar_tracks()
            for publication in room.local_participant.track_publications.values():
                await publication.wait_for_subscription()
            await call_room._changes.until(lambda: _takes_requests(call_room) or None)
        yield Page(room, captions, microphone, StandIns(http, stage.stand_ins))


def _takes_requests(call_room: CallRoom) -> bool:
    people = call_room.room.remote_participants.values()
    return call_room.agent_state() == "listening" and any("control" in person.attributes for person in people)


async def books(stage: Stage, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the stand-in's record of the last session fulfils a condition, and return the record."""
    async with asyncio.timeout(HAPPENS):
        while not until(session := (await stage.sessions())[-1]):  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL)
    return session

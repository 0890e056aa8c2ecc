"""A caller in a room with a worker's agent and its avatar: speaks or makes a noise, listens, and reads the captions."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from livekit import rtc

from demo.call.captions import Captions
from demo.call.listener import Listener
from demo.call.microphone import Microphone
from demo.call.room import CallRoom
from demo.call.voices import StandIns
from simulators.openai.script import load_script
from tests.e2e.narration import BYTES_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from demo.call.captions import Segment
    from demo.call.microphone import Spoken
    from tests.e2e.stage import Stage

STORY = next(rule for rule in load_script().rules if rule.name == "story").say[0]

# Seconds; the agent's process starts, and the avatar joins.
JOINS = 30.0

# Seconds; the story lasts 35.
HAPPENS = 45.0

POLL = 0.05

# The agent says nothing before it is spoken to, so the avatar's first speech is the story.
SILENT_PERSONA = 'name = "Nova"\ninstructions = "Tell stories."\n'


@dataclass(frozen=True, slots=True)
class Conversation:
    """The tools of a conversation's test."""

    stage: Stage
    voice: StandIns
    microphone: Microphone
    listener: Listener
    captions: Captions

    async def say(self, text: str) -> Spoken:
        """Say a text in real time."""
        return await self.microphone.say(await self.voice.speak(text))

    @property
    def answers(self) -> list[Segment]:
        """The agent's captions so far, one segment for each answer."""
        return [segment for segment in self.captions._segments.values() if not segment.is_own]

    async def final_caption(self) -> str:
        """Wait until the caption of the first answer is final."""
        async with asyncio.timeout(HAPPENS):
            while not (self.answers and self.answers[0].final):  # noqa: ASYNC110 - captions have no event
                await asyncio.sleep(POLL)
        return self.answers[0].text.strip()

    async def books(self, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the stand-in's record of the avatar's session fulfils a condition, and return the record."""
        async with asyncio.timeout(HAPPENS):
            while not until(session := (await self.stage.sessions())[-1]):  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL)
        return session


@asynccontextmanager
async def conversation(
    stage: Stage,
    name: str,
    directory: Path,
    *,
    persona: str = SILENT_PERSONA,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Conversation]:
    """Yield a conversation in which the avatar has joined, before the first word."""
    file = directory / "silent.toml"
    file.write_text(persona)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stage.worker({"PERSONA": str(file), **(settings or {})}))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        room = rtc.Room()
        captions, call_room = Captions(room), CallRoom(room)
        stack.push_async_callback(captions.aclose)
        ticket = await stage.ticket(name)
        await room.connect(ticket.url, ticket.token)
        stack.push_async_callback(room.disconnect)
        microphone = Microphone(lambda *_: None)
        stack.push_async_callback(microphone.aclose)
        await microphone.publish(room)
        async with asyncio.timeout(JOINS):
            audio, _ = await call_room.avatar_tracks()
            for publication in room.local_participant.track_publications.values():
                await publication.wait_for_subscription()
            await call_room._changes.until(lambda: call_room.agent_state() == "listening" or None)
        listener = Listener(audio, lambda *_: None)
        stack.push_async_callback(listener.aclose)
        yield Conversation(stage, StandIns(http, stage.stand_ins), microphone, listener, captions)


def heard_seconds(session: dict[str, Any]) -> float:
    """Return the seconds that the avatar has played in all, by the stand-in's record of its session."""
    heard_bytes: int = sum(utterance["heard_bytes"] for utterance in session["utterances"])
    return heard_bytes / BYTES_PER_SECOND

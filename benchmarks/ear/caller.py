"""A synthetic caller: it asks questions, interrupts a story, and measures when the avatar sounds and falls silent."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from livekit import rtc

from agent.control.events import TOPIC
from benchmarks.callers import joined
from demo.call.changes import Changes
from demo.call.listener import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from demo.call.levels import Samples
    from demo.call.microphone import Microphone, Spoken

_WITHIN: Final = 30.0

# Seconds of silence after which an answer has ended: between two sentences there are 0.3.
_ENDED: Final = 1.2

# Seconds of silence after which a barge-in counts as successful.
_SILENCED: Final = 0.4

# Seconds of the story before the caller interrupts it; in the first three of a call the framework ignores voices.
_INTO_STORY: Final = 4.0


@dataclass(slots=True)
class Heard:
    """The measurements of one caller, in seconds.

    Attributes:
        answers: From the end of a question to the first sound of the answer.
        silences: From the start of a barge-in to the avatar's silence.
        missed: Number of questions and barge-ins that had no effect.
        turns: The stages of each answered turn, in seconds after the end of the speech, as the agent reports.
    """

    answers: list[float] = field(default_factory=list)
    silences: list[float] = field(default_factory=list)
    missed: int = 0
    turns: list[Mapping[str, float]] = field(default_factory=list)


class Caller:
    """A caller in a room, who subscribes only to the avatar's sound.

    Args:
        microphone: The caller's published microphone.
        listener: Listens to the avatar's sound.
        audio: The avatar's sound.
        turns: The agent's reports of its turns.
        greeted_after: Seconds from the join to the opening line's first sound.
    """

    def __init__(
        self, microphone: Microphone, listener: Listener, audio: rtc.Track, turns: Turns, *, greeted_after: float
    ) -> None:
        self.heard = Heard()
        self.turns = turns
        self.greeted_after = greeted_after
        self._microphone = microphone
        self._listener = listener
        self._audio = audio

    async def received_bytes(self) -> int:
        """Return how many bytes of the avatar's sound have come so far."""
        stats = await self._audio.get_stats()
        return sum(stat.inbound_rtp.inbound.bytes_received for stat in stats if stat.HasField("inbound_rtp"))

    async def is_quiet(self) -> None:
        """Wait until the avatar has ended its speech."""
        async with asyncio.timeout(_WITHIN):
            await self._listener.silence(time.monotonic(), lasting=_ENDED)

    async def ask(self, question: Samples) -> None:
        """Ask, and listen until the answer has ended."""
        spoken = await self._say(question)
        try:
            async with asyncio.timeout(_WITHIN):
                sound = await self._listener.first_sound(spoken.ended_at)
                self.heard.answers.append(sound.started_at - spoken.ended_at)
                await self._listener.silence(sound.started_at, lasting=_ENDED)
        except TimeoutError:
            self.heard.missed += 1

    async def interrupt(self, request: Samples, barge_in: Samples) -> None:
        """Ask for a story, and interrupt it."""
        spoken = await self._say(request)
        try:
            async with asyncio.timeout(_WITHIN):
                sound = await self._listener.first_sound(spoken.ended_at)
                await asyncio.sleep(sound.started_at + _INTO_STORY - time.monotonic())
                begun = await self._say(barge_in)
                silent_at = await self._listener.silence(begun.started_at, lasting=_SILENCED)
                self.heard.silences.append(silent_at - begun.started_at)
                await self.is_quiet()
        except TimeoutError:
            self.heard.missed += 1

    async def _say(self, speech: Samples) -> Spoken:
        return await self._microphone.say(speech)


class Turns:
    """The agent's reports of its turns."""

    def __init__(self, room: rtc.Room) -> None:
        self._stages: dict[int, Mapping[str, float]] = {}
        room.on("data_received", self._on_data)

    def spoken(self) -> list[Mapping[str, float]]:
        """Return the stages of the turns that the caller has spoken and the agent has answered."""
        return [stages for stages in self._stages.values() if "speaking" in stages]

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic != TOPIC:
            return
        event = json.loads(packet.data)
        if event["type"] == "turn" and event["by"] == "speech":
            self._stages[event["turn"]] = event["stages"]


@asynccontextmanager
async def calling(url: str, token: str) -> AsyncIterator[Caller]:
    """Join a room, and wait for the end of the opening line."""
    async with AsyncExitStack() as stack:
        room = rtc.Room()
        turns, changes = Turns(room), Changes()
        room.on("track_subscribed", lambda *_: changes.notify())

        def on_published(publication: rtc.RemoteTrackPublication, _: rtc.RemoteParticipant) -> None:
            publication.set_subscribed(publication.kind == rtc.TrackKind.KIND_AUDIO)
            changes.notify()

        room.on("track_published", on_published)
        joined_at = time.monotonic()
        microphone = await stack.enter_async_context(joined(room, url, token))
        async with asyncio.timeout(_WITHIN):
            audio = await changes.until(lambda: _sound(room))
        listener = Listener(audio, lambda *_: None)
        stack.push_async_callback(listener.aclose)
        async with asyncio.timeout(_WITHIN):
            opening = await listener.first_sound(0.0)
            await listener.silence(opening.started_at, lasting=_ENDED)
        yield Caller(microphone, listener, audio, turns, greeted_after=opening.started_at - joined_at)


def _sound(room: rtc.Room) -> rtc.Track | None:
    """Find the sound of the avatar, which is the participant with a picture."""
    for person in room.remote_participants.values():
        publications = list(person.track_publications.values())
        if any(each.kind == rtc.TrackKind.KIND_VIDEO for each in publications):
            return next((each.track for each in publications if isinstance(each.track, rtc.RemoteAudioTrack)), None)
    return None

"""A participant without a microphone, who reads the agent's captions."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from livekit import rtc

from demo.call.captions import TOPIC
from demo.call.changes import Changes
from tests.e2e.conversation import HAPPENS

if TYPE_CHECKING:
    from collections.abc import Callable


class Onlooker:
    """A participant who watches a room; the agent is the participant that offers `control`.

    Attributes:
        room: The room, to be joined by the test.
        words: All words that were shown, in order.
        tracks: Names of the published tracks.
        states: The agent's states, in order.
    """

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.words = ""
        self.tracks: list[str] = []
        self.states: list[str] = []
        self._changes = Changes()
        self._reading: list[asyncio.Task[None]] = []
        self.room.register_text_stream_handler(TOPIC, self._on_text)
        self.room.on("track_published", self._on_track)
        self.room.on("participant_attributes_changed", self._on_attributes)
        for event in ("participant_connected", "participant_name_changed"):
            self.room.on(event, lambda *_: self._changes.notify())

    @property
    def agent(self) -> rtc.RemoteParticipant | None:
        """The agent, once it has joined."""
        people = self.room.remote_participants.values()
        return next((each for each in people if "control" in each.attributes), None)

    @property
    def attributes(self) -> dict[str, str]:
        """The agent's attributes."""
        return {} if self.agent is None else self.agent.attributes

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(HAPPENS):
            await self._changes.until(lambda: condition() or None)

    def _on_text(self, reader: rtc.TextStreamReader, _: str) -> None:
        self._reading.append(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        with suppress(rtc.StreamError):  # the agent left within a sentence
            async for words in reader:
                self.words += words
                self._changes.notify()

    def _on_track(self, publication: rtc.RemoteTrackPublication, _: object) -> None:
        self.tracks.append(publication.name)
        self._changes.notify()

    def _on_attributes(self, changed: dict[str, str], _: object) -> None:
        self.states += [value for name, value in changed.items() if name == "lk.agent.state"]
        self._changes.notify()

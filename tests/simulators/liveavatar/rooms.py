"""A room without a server, which records the played audio and the shown video."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from simulators.liveavatar.model import RATE_HZ, SAMPLE_BYTES
from simulators.liveavatar.room import RoomError

if TYPE_CHECKING:
    from simulators.liveavatar.model.player import AgentState
    from simulators.liveavatar.room import Invitation
    from simulators.portrait import Mouth


class RecordingRoom:
    """A room that accepts every invitation except one whose token is `refused`."""

    def __init__(self, invitation: Invitation) -> None:
        self.invitation = invitation
        self.is_connected = False
        self.heard = bytearray()
        self.mouths: list[float] = []
        self.moods: list[AgentState] = []
        self.left = asyncio.Event()
        self.disconnected = asyncio.Event()
        self.unpublished = asyncio.Event()
        self._played = asyncio.Condition()

    @property
    def delay_seconds(self) -> float:
        """No delay."""
        return 0.0

    async def join(self) -> None:
        """Join, unless the token is `refused`."""
        if self.invitation.token == "refused":
            msg = "the token is refused"
            raise RoomError(msg)
        self.is_connected = True

    async def play(self, pcm: bytes) -> None:
        """Record audio."""
        async with self._played:
            self.heard += pcm
            self._played.notify_all()

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """Record the face."""
        self.mouths.append(mouth.openness)
        self.moods.append(mood)

    async def disconnect(self) -> None:
        """Lose the connection to the room."""
        self.is_connected = False
        self.disconnected.set()

    async def unpublish(self) -> None:
        """Remove the tracks."""
        self.unpublished.set()

    async def leave(self) -> None:
        """Leave."""
        self.is_connected = False
        self.left.set()

    async def wait_for_sound(self, seconds: float) -> None:
        """Wait until this much sound has been heard, without silence."""
        async with self._played:
            await self._played.wait_for(lambda: self.sound_bytes >= round(seconds * RATE_HZ) * SAMPLE_BYTES)

    @property
    def sound_bytes(self) -> int:
        """Return the bytes of sound, without silence; the tests' tone has no silent sample."""
        return int(np.count_nonzero(np.frombuffer(bytes(self.heard), dtype="<i2"))) * SAMPLE_BYTES

"""Rooms without a LiveKit server: the agent's, and the avatar's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from livekit import rtc

if TYPE_CHECKING:
    from simulators.liveavatar.model.player import AgentState
    from simulators.liveavatar.room import Invitation
    from simulators.portrait import Mouth


_RECORDED_BYTES = 30 * 48_000
# Half a minute: as long as the answers whose sound is looked at.


class AgentRoom(rtc.EventEmitter[Literal["participant_connected", "track_published"]]):
    """What a plugin needs of the room that the agent is in."""

    connection_state = rtc.ConnectionState.CONN_CONNECTED

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.local_participant = SimpleNamespace(identity="agent")
        self.remote_participants: dict[str, Any] = {}

    def isconnected(self) -> bool:
        """It is."""
        return True


class AvatarRoom:
    """Records what the avatar says at first; it is heard at once."""

    is_connected = True
    delay_seconds = 0.0

    def __init__(self, invitation: Invitation) -> None:
        self.invitation = invitation
        self.heard = bytearray()

    async def join(self) -> None:
        """Nothing to join."""

    async def play(self, pcm: bytes) -> None:
        """Record it."""
        if len(self.heard) < _RECORDED_BYTES:
            self.heard += pcm

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """The attribute is dropped."""

    async def leave(self) -> None:
        """Nothing to leave."""

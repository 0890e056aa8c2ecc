"""Rooms without a LiveKit server: the agent's, and the avatar's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

from livekit import rtc

if TYPE_CHECKING:
    from simulators.liveavatar.model.player import AgentState
    from simulators.liveavatar.room import Invitation
    from simulators.portrait import Mouth


# Half a minute: the length of the answers whose sound is compared.
_RECORDED_BYTES = 30 * 48_000


class AgentRoom(rtc.EventEmitter[Literal["participant_connected", "track_published"]]):
    """The part of the agent's room that a plugin uses."""

    connection_state = rtc.ConnectionState.CONN_CONNECTED

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.local_participant = SimpleNamespace(identity="agent")
        self.remote_participants: dict[str, Any] = {}

    def isconnected(self) -> bool:
        """Return True."""
        return True


class AvatarRoom:
    """A room that records the avatar's first speech, and plays it without delay."""

    is_connected = True
    delay_seconds = 0.0

    def __init__(self, invitation: Invitation) -> None:
        self.invitation = invitation
        self.heard = bytearray()

    async def join(self) -> None:
        """Do nothing."""

    async def play(self, pcm: bytes) -> None:
        """Record `pcm`."""
        if len(self.heard) < _RECORDED_BYTES:
            self.heard += pcm

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """Show nothing."""

    async def leave(self) -> None:
        """Do nothing."""

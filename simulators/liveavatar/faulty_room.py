"""A room from which the avatar can be missing while its session goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.liveavatar.model.player import AgentState
    from simulators.liveavatar.room import Room
    from simulators.portrait import Mouth


@runtime_checkable
class Stage(Protocol):
    """The part of a real room that a room which only records need not have."""

    async def disconnect(self) -> None:
        """Disconnect the avatar; its tracks are not freed yet."""

    async def unpublish(self) -> None:
        """Unpublish both tracks."""


class FaultyRoom:
    """A room whose avatar can be missing, silent or frozen.

    Args:
        room: The real room.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._is_pretended = False
        self._is_frozen = False
        self._next: Callable[[], Awaitable[None]] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the avatar is in the room, as far as the service knows."""
        return self._is_pretended or self._room.is_connected

    @property
    def delay_seconds(self) -> float:
        """Seconds by which `play` needs its audio ahead of playback."""
        return self._room.delay_seconds

    async def join(self) -> None:
        """Join and publish both tracks; raises RoomError."""
        if not self._is_pretended:
            await self._room.join()

    async def play(self, pcm: bytes) -> None:
        """Play the next audio, unless the avatar is frozen."""
        if not self._is_frozen:
            await self._room.play(pcm)

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """Show the face, unless the avatar is frozen."""
        if self._next is not None:
            step, self._next = self._next, None
            await step()
        if not self._is_frozen:
            await self._room.show(seconds, mouth, mood)

    async def leave(self) -> None:
        """Leave, if the avatar has joined."""
        await self._room.leave()

    def stay_away(self) -> None:
        """Pretend to have joined, without joining."""
        self._is_pretended = self._is_frozen = True

    def freeze(self) -> None:
        """Send no more audio and video."""
        self._is_frozen = True

    def vanish(self) -> None:
        """Disconnect the avatar with the next frame, and pretend that it is there."""
        self.stay_away()
        if isinstance(self._room, Stage):
            self._next = self._room.disconnect

    def unpublish(self) -> None:
        """Unpublish the tracks with the next frame."""
        self._is_frozen = True
        if isinstance(self._room, Stage):
            self._next = self._room.unpublish

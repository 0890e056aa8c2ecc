"""The stand-in's side of a socket, which also notes what came over it."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

from simulators.liveavatar.protocol import LiteProtocol


@dataclass(frozen=True, slots=True)
class Received:
    """A command as it came.

    Attributes:
        at: the event loop's time.
        socket: 1 for the session's first.
        kind: its type.
        event_id: the client's.
        segment: whose speech is in it; every sample of a segment is its number. 0 without speech.
        was_welcome: `connected` had been said on this socket.
    """

    at: float
    socket: int
    kind: str
    event_id: str
    segment: int
    was_welcome: bool


class Wire(LiteProtocol):
    """Notes every command, obeyed or not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.received: list[Received] = []
        self.sockets = 0

    def open(self) -> None:
        self.sockets += 1
        super().open()

    def receive(self, frame: str, *, now: float, unsent: float = 0.0) -> bool:
        command = json.loads(frame)
        audio = base64.b64decode(command.get("audio", ""))
        segment = int.from_bytes(audio[:2], "little")
        at = asyncio.get_running_loop().time()
        note = Received(at, self.sockets, command["type"], command["event_id"], segment, self.is_connected)
        self.received.append(note)
        return super().receive(frame, now=now, unsent=unsent)

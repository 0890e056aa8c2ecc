"""The stand-in's model, which also notes what came over its WebSockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from simulators.liveavatar.model import ServiceModel


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


class Wiretap(ServiceModel):
    """Notes every command of every session, obeyed or not."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.received: dict[str, list[Received]] = defaultdict(list)

    def receive(self, socket_id: int, frame: str | bytes, now: float) -> None:
        if (session := self._sockets.session(socket_id)) is not None:
            command = json.loads(frame)
            audio = base64.b64decode(command.get("audio", ""))
            segment = int.from_bytes(audio[:2], "little")
            at = asyncio.get_running_loop().time()
            is_welcome = self._sockets.is_welcome(socket_id)
            note = Received(at, session.sockets, command["type"], command["event_id"], segment, is_welcome)
            self.received[session.id].append(note)
        super().receive(socket_id, frame, now)

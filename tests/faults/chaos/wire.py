"""The stand-in's model, which also notes the messages on its WebSockets."""

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
    """A command as it arrived.

    Attributes:
        at: arrival time of the event loop.
        socket: number of the socket; the session's first is 1.
        kind: type of the command.
        event_id: the client's event id.
        segment: number of the segment whose speech it carries, which is the value of every sample; 0 without speech.
        was_welcome: `connected` had been sent on this socket.
    """

    at: float
    socket: int
    kind: str
    event_id: str
    segment: int
    was_welcome: bool


class Wiretap(ServiceModel):
    """A model that notes every command of every session, obeyed or not."""

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

"""One client's socket, written to without waiting for the client."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from simulators.faults.fault import SocketFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulators.faults.socket import FaultySocket
    from simulators.liveavatar.protocol import Message

OUTBOX_MESSAGES = 1000
"""A client that does not read loses the oldest messages beyond this."""


class Connection:
    """Messages to one client, in order; `write` runs as long as the socket does."""

    def __init__(self, socket: FaultySocket) -> None:
        self._socket = socket
        self._outbox: deque[Message | SocketFault] = deque(maxlen=OUTBOX_MESSAGES)
        self._is_closing = False
        self._wake = asyncio.Event()

    def send(self, messages: Iterable[Message]) -> None:
        """Queue messages."""
        self._outbox.extend(messages)
        self._wake.set()

    def suffer(self, fault: SocketFault) -> None:
        """Let a fault strike the socket after what is queued."""
        self._outbox.append(fault)
        self._wake.set()

    def close(self) -> None:
        """Let `write` return after what is queued, so that the socket is closed."""
        self._is_closing = True
        self._wake.set()

    async def write(self) -> None:
        """Send what is queued until the connection is closed or the client is gone."""
        with contextlib.suppress(ConnectionError):
            while self._outbox or not self._is_closing:
                await self._wake.wait()
                self._wake.clear()
                while self._outbox:
                    await self._write(self._outbox.popleft())

    async def _write(self, item: Message | SocketFault) -> None:
        if isinstance(item, SocketFault):
            await self._socket.suffer(item)
        else:
            await self._socket.send_json(item)

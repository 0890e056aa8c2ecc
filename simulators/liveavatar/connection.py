"""One client's WebSocket, written to without waiting for the client."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from simulators.faults.fault import SocketFault

if TYPE_CHECKING:
    from simulators.faults.socket import FaultySocket

# Most queued messages; a client that does not read loses older ones.
OUTBOX_MESSAGES = 1000


class Connection:
    """Messages to one client, in order.

    Attributes:
        socket_id: The model's number of the WebSocket.
        opened: Whether the model accepts the client: None, or the HTTP status of the refusal.
        close_code: Code with which the service closes the WebSocket.
    """

    def __init__(self, socket_id: int) -> None:
        self.socket_id = socket_id
        self.opened: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.close_code = 1000
        self._outbox: deque[str | SocketFault] = deque(maxlen=OUTBOX_MESSAGES)
        self._is_closing = False
        self._wake = asyncio.Event()

    def send(self, text: str) -> None:
        """Queue a message."""
        self._outbox.append(text)
        self._wake.set()

    def suffer(self, fault: SocketFault) -> None:
        """Let a fault strike the WebSocket after the queued messages."""
        self._outbox.append(fault)
        self._wake.set()

    def close(self, code: int) -> None:
        """Let `write` return after the queued messages, so that the WebSocket is closed."""
        self.close_code = code
        self._is_closing = True
        self._wake.set()

    async def write(self, socket: FaultySocket) -> None:
        """Send queued messages until the connection is closed or the client is gone."""
        with contextlib.suppress(ConnectionError):
            while self._outbox or not self._is_closing:
                await self._wake.wait()
                self._wake.clear()
                while self._outbox:
                    item = self._outbox.popleft()
                    await (socket.suffer(item) if isinstance(item, SocketFault) else socket.send_str(item))

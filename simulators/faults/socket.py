"""A WebSocket with faults."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import WSMessage, WSMsgType, web

from simulators.faults.fault import SocketFault
from simulators.faults.injection import Injection, cut
from simulators.faults.sockets import (
    Close,
    Drop,
    Duplicate,
    HalfOpen,
    Lag,
    QuotaExceeded,
    Silent,
    SlowReader,
    Spoken,
    Swap,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from aiohttp.abc import AbstractStreamWriter

CLOSED = WSMessage(WSMsgType.CLOSED, None, None)

# Most messages under way on a lagging socket; beyond that the sender waits.
LATE_MESSAGES = 1000

# Receive buffer of a slow reader: the kernel would take megabytes before the client noticed.
SMALL_WINDOW_BYTES = 4096


class FaultySocket(web.WebSocketResponse):
    """A socket with the plan's faults at `opening`, `received` and `sent`, and others through `suffer`.

    Args:
        injection: Decides what strikes, at every message.
        timeout: Seconds that a client may take to answer a close.
        max_msg_size: Bytes of the largest frame that is accepted.
        compress: Whether frames may be compressed, if the client supports it.
    """

    def __init__(
        self, injection: Injection, *, timeout: float = 10.0, max_msg_size: int = 4 * 2**20, compress: bool = True
    ) -> None:
        # Pings and closes are answered in this class and by its users, since a half-open socket must not answer.
        super().__init__(timeout=timeout, max_msg_size=max_msg_size, compress=compress, autoping=False, autoclose=False)
        self._injection = injection
        self._request: web.BaseRequest | None = None
        self._is_silent = self._is_half_open = self._doubles_next = self._swaps_next = False
        self._bytes_per_second: float | None = None
        self._held_back: str | None = None
        self._lag = 0.0
        self._late: asyncio.Queue[tuple[float, str]] = asyncio.Queue(LATE_MESSAGES)
        self._tasks: set[asyncio.Future[None]] = set()

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Open the socket, unless it is open: aiohttp calls this again at the end."""
        is_new = not self.prepared
        writer = await super().prepare(request)
        if is_new:
            self._request = request
            await self._reach("opening")
        return writer

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109 - aiohttp's own signature
        """Wait for the next message; raises TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):  # pings don't count as messages
            return await self._receive()

    async def _receive(self) -> WSMessage:
        while True:
            message: WSMessage = await super().receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self._reach("received")
            if self._is_half_open:
                await self._hold()
                return CLOSED
            if message.type is WSMsgType.PING:
                await self.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                await self._take_time(message)
                return message

    async def send_str(self, data: str, compress: int | None = None) -> None:  # noqa: ARG002 - aiohttp's own signature
        """Send a message, unless a fault prevents it."""
        await self._reach("sent")
        for message in self._in_order(data):
            await self._send(message)

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        """Close after late messages were sent; a half-open socket stays open until the client gives up."""
        with suppress(ConnectionError):
            await self._send_held_back()
        if self._is_half_open:
            await self._hold()
        # Their sender may already be gone, with the handler that started it.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._lag + 1.0):
                await self._late.join()
        self._lag = 0.0
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        return await super().close(code=code, message=message, drain=drain)

    async def suffer(self, fault: SocketFault) -> None:
        """Bring a fault about, now or after its `after` seconds."""
        if fault.after:
            self._spawn(self._suffer_later(fault))
        else:
            await self._suffer(fault)

    async def _reach(self, moment: str) -> None:
        for fault in self._injection.strike(moment, SocketFault):
            await self.suffer(fault)

    async def _suffer_later(self, fault: SocketFault) -> None:
        await asyncio.sleep(fault.after)
        await self._suffer(fault)

    async def _suffer(self, fault: SocketFault) -> None:
        match fault:
            case Drop():
                self._cut()
            case Close():
                await self.close(code=fault.code, message=fault.message.encode())
            case HalfOpen():
                self._is_half_open = True
            case Silent():
                self._is_silent = True
            case Lag():
                self._fall_behind(fault.seconds)
            case SlowReader():
                self._read_slowly(fault.bytes_per_second)
            case Duplicate():
                self._doubles_next = True
            case Swap():
                self._swaps_next = True
            case Spoken():
                with suppress(ConnectionError):
                    await self._say(fault)

    def _cut(self) -> None:
        if self._request is not None:
            cut(self._request)

    def _fall_behind(self, seconds: float) -> None:
        if not self._lag:
            self._spawn(self._send_late())
        self._lag = seconds

    def _read_slowly(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second
        if self._request is not None and self._request.transport is not None:
            wire: socket.socket = self._request.transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW_BYTES)

    async def _say(self, fault: Spoken) -> None:
        for frame in fault.frames:
            if isinstance(frame, bytes):
                await self.send_bytes(frame)
            else:
                await self._send(frame)
        if isinstance(fault, QuotaExceeded):
            await self.close(code=1008, message=b"quota_exceeded")

    def _in_order(self, data: str) -> list[str]:
        """Return the messages to send now when `data` is the next one."""
        held_back, self._held_back = self._held_back, None
        swaps, self._swaps_next = self._swaps_next, False
        doubles, self._doubles_next = self._doubles_next, False
        if held_back is not None:
            return [data, held_back]
        if swaps:
            self._held_back = data
            return []
        return [data] * (2 if doubles else 1)

    async def _send_held_back(self) -> None:
        data, self._held_back = self._held_back, None
        if data is not None:
            await self._send(data)

    async def _send(self, data: str) -> None:
        if self._is_silent or self._is_half_open:
            return
        if self._lag:
            await self._late.put((asyncio.get_running_loop().time() + self._lag, data))
        else:
            await super().send_str(data)

    async def _send_late(self) -> None:
        while True:
            due_at, data = await self._late.get()
            await asyncio.sleep(due_at - asyncio.get_running_loop().time())
            with suppress(ConnectionError):
                await super().send_str(data)
            self._late.task_done()

    async def _take_time(self, message: WSMessage) -> None:
        if self._bytes_per_second and message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            await asyncio.sleep(len(message.data) / self._bytes_per_second)

    async def _hold(self) -> None:
        if self._request is not None:
            await self._injection.hold(self._request)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._injection.spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

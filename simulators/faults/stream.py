"""A streamed answer with faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.faults.fault import SocketFault
from simulators.faults.injection import INJECTION, cut
from simulators.faults.sockets import Drop, Lag, Silent, Torn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter


class FaultyStream(web.StreamResponse):
    """A stream with the plan's faults at `opening`, and at `sent` before each chunk.

    Args:
        request: The request that it answers.
        headers: Headers of the answer.
    """

    def __init__(self, request: web.Request, *, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self._request = request
        self._injection = request.app[INJECTION]

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers, unless they were sent: aiohttp calls this again at the end."""
        is_new = not self.prepared
        writer = await super().prepare(request)
        if is_new:
            await self._reach("opening", b"")
        return writer

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a chunk; raises ConnectionResetError when the stream ends before it."""
        await self._reach("sent", bytes(data))
        await super().write(data)

    async def _reach(self, moment: str, chunk: bytes) -> None:
        for fault in self._injection.strike(moment, SocketFault):
            await asyncio.sleep(fault.after)
            await self._suffer(fault, chunk)

    async def _suffer(self, fault: SocketFault, chunk: bytes) -> None:
        match fault:
            case Lag():
                await asyncio.sleep(fault.seconds)
                return
            case Silent():
                await self._injection.hold(self._request)
            case Drop():
                cut(self._request)
            case Torn():
                await super().write(chunk[: len(chunk) // 2])
                if self._request.transport is not None:
                    self._request.transport.close()
        raise ConnectionResetError

"""The WebSocket at `ws_url`; the URL is the credential."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from simulators.faults.injection import INJECTION
from simulators.faults.socket import FaultySocket
from simulators.liveavatar.driver import DRIVER

if TYPE_CHECKING:
    from simulators.liveavatar.connection import Connection
    from simulators.liveavatar.driver import Driver

# Seconds that a client may take to answer a close.
CLOSE_SECONDS = 2.0


async def websocket(request: web.Request) -> web.StreamResponse:
    """Serve one client of a running session."""
    driver = request.app[DRIVER]
    connection = driver.open_socket(request.match_info["ws_key"])
    try:
        if (status := await connection.opened) is not None:
            return web.Response(status=status)
        socket = FaultySocket(request.app[INJECTION], timeout=CLOSE_SECONDS)
        await socket.prepare(request)
        await _serve(socket, driver, connection)
    finally:
        driver.close_socket(connection)
    await socket.close(code=connection.close_code)
    return socket


async def _serve(socket: FaultySocket, driver: Driver, connection: Connection) -> None:
    """Read and write until either ends."""
    reader = asyncio.create_task(_read(socket, driver, connection))
    writer = asyncio.create_task(connection.write(socket))
    try:
        done, _ = await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (reader, writer):
            task.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)


async def _read(socket: FaultySocket, driver: Driver, connection: Connection) -> None:
    async for message in socket:
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            driver.receive(connection, message.data)

"""The WebSocket that `ws_url` leads to; the URL is the credential."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from simulators.faults.injection import INJECTION
from simulators.faults.socket import FaultySocket
from simulators.liveavatar.connection import Connection
from simulators.liveavatar.rest import SERVICE

if TYPE_CHECKING:
    from simulators.liveavatar.session import Session

MAX_FRAME_BYTES = 1_000_000
"""The most in one frame, base64 included (HeyGen's LITE events page: 1 MB per packet); more closes with 1009."""

CLOSE_SECONDS = 2.0
"""How long a client may take to answer a close."""


async def websocket(request: web.Request) -> FaultySocket:
    """Serve one client of a running session."""
    session = request.app[SERVICE].by_ws_key(request.match_info["ws_key"])
    if session is None:
        raise web.HTTPNotFound
    socket = FaultySocket(request.app[INJECTION], max_msg_size=MAX_FRAME_BYTES + 1, timeout=CLOSE_SECONDS)
    await socket.prepare(request)
    connection = Connection(socket)
    welcome = asyncio.create_task(session.welcome(connection))
    reader = asyncio.create_task(_read(socket, session, connection))
    writer = asyncio.create_task(connection.write())
    try:
        done, _ = await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        session.lose(connection)
        for task in (welcome, reader, writer):
            task.cancel()
        await asyncio.gather(welcome, reader, writer, return_exceptions=True)
        await socket.close()
    return socket


async def _read(socket: FaultySocket, session: Session, connection: Connection) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            session.receive(message.data, connection)
        elif message.type is WSMsgType.BINARY:
            session.receive(None, connection)

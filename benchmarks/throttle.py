"""A slow uplink: a proxy on loopback that limits the bits per second to the stand-in, and buffers little."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# The buffer of a router on the way: 16 kB are 0.13 s at 1 Mbit/s.
_BUFFER_BYTES = 16_384
_PIECE_BYTES = 1_250


@asynccontextmanager
async def slow_uplink(url: str, bits_per_second: float) -> AsyncIterator[str]:
    """Serve a proxy in front of `url`; yield its own address.

    Args:
        url: `http://host:port`.
        bits_per_second: Towards the server; the way back is not limited.
    """
    host, port = url.removeprefix("http://").split(":")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(host, int(port))
        ways = (_pipe(reader, server_writer, bits_per_second / 8), _pipe(server_reader, writer, None))
        await asyncio.gather(*ways)

    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    listening.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(carry, sock=listening, limit=_PIECE_BYTES)
    async with server:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_per_second: float | None) -> None:
    loop = asyncio.get_running_loop()
    free_at = loop.time()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_PIECE_BYTES if bytes_per_second else 65_536):
            if bytes_per_second:
                free_at = max(free_at, loop.time()) + len(data) / bytes_per_second
                await asyncio.sleep(free_at - loop.time())
            writer.write(data)
            await writer.drain()
    writer.close()

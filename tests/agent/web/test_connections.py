"""Limits of idle connections and of their number."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from agent.web.clients import Proxies
from agent.web.connections import Connections

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

LONG_REQUEST = REQUEST.replace(b"/ ", b"/long ", 1)

# Bytes: a response that doesn't fit into the kernel's buffers.
LONG = 64_000_000


class Door:
    """A port with its open connections."""

    def __init__(self, port: int, connections: Connections) -> None:
        self.port = port
        self.connections = connections
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection and send something."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        self._writers.append(writer)
        return reader, writer

    def close(self) -> None:
        """Close the clients' ends of all connections."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def door(proxies: str = "", **limits: Any) -> AsyncIterator[Door]:
    """Run a server with these limits, which answers every request of a connection."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def answer_at_length(_: web.Request) -> web.Response:
        return web.Response(body=bytes(LONG))

    app = web.Application()
    app.router.add_get("/", answer)
    app.router.add_get("/long", answer_at_length)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    connections = Connections(runner.server, Proxies(proxies), **limits)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = await asyncio.get_running_loop().create_server(connections, sock=listening)
        made = Door(listening.getsockname()[1], connections)
        try:
            yield made
        finally:
            made.close()
            server.close()
            await runner.cleanup()


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Wait for a byte or the end of the connection, and return True at its end."""
    try:
        return not await reader.read(1)
    except ConnectionResetError:
        return True


async def test_a_connection_without_a_request_is_closed() -> None:
    """The client may send nothing, or an unfinished header; a request in time is answered."""
    async with door(idle_timeout=0.3) as at:
        idle, slow, good = await at.connect(), await at.connect(REQUEST[:20]), await at.connect(REQUEST)
        closed = [await is_closed(idle[0]), await is_closed(slow[0])]
        answer = await good[0].read()
        for _, writer in (idle, slow, good):
            writer.close()

    assert closed == [True, True]
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"hello")


async def test_slow_bytes_of_a_header_do_not_keep_a_connection() -> None:
    """A connection is closed if its header takes too long."""
    async with door(idle_timeout=0.3) as at:
        reader, writer = await at.connect(REQUEST[:-2])
        closing = asyncio.create_task(is_closed(reader))
        sent = 0
        while not closing.done():
            writer.write(b"X: y\r\n")
            sent += 1
            await asyncio.sleep(0.05)
        writer.close()

    assert await closing
    assert sent > 1


async def test_a_clients_connections_are_limited() -> None:
    """One above the limit is closed at once; when another one ends, there is room again."""
    async with door(most_of_a_client=2) as at:
        first, second, third = await at.connect(), await at.connect(), await at.connect(REQUEST)
        refused = await is_closed(third[0])
        first[1].close()
        await asyncio.sleep(0.1)
        fourth = await at.connect(REQUEST)
        answer = await fourth[0].readline()
        for _, writer in (second, third, fourth):
            writer.close()

    assert refused
    assert answer == b"HTTP/1.1 200 OK\r\n"


async def test_the_total_number_of_connections_is_limited() -> None:
    """A trusted proxy may have all of them."""
    async with door("127.0.0.1", most=3, most_of_a_client=1) as at:
        kept = [await at.connect(REQUEST) for _ in range(3)]
        answers = [await reader.readline() for reader, _ in kept]
        more = await at.connect(REQUEST)
        refused = await is_closed(more[0])
        for _, writer in (*kept, more):
            writer.close()

    assert answers == [b"HTTP/1.1 200 OK\r\n"] * 3
    assert refused


async def test_a_client_that_does_not_read_is_closed() -> None:
    """An unread response does not keep a connection; a client that reads gets all of it."""
    # A client on a busy machine may not come to read for a second or two.
    async with door(read_timeout=4.0) as at:
        reading, _ = await at.connect(LONG_REQUEST), await at.connect(LONG_REQUEST)
        head = await reading[0].readuntil(b"\r\n\r\n")
        got = len(await reading[0].readexactly(LONG))
        reading[1].close()
        while at.connections.count:  # noqa: ASYNC110 - the end of a connection has no event
            await asyncio.sleep(0.05)

    assert head.startswith(b"HTTP/1.1 200 OK")
    assert got == LONG

"""A TCP proxy on loopback that can cut all its connections, and refuses new ones until `mend`."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LARGEST_READ = 65_536

TOKEN = re.compile(rb"eyJ[\w-]+\.(eyJ[\w-]+)\.")


class Proxy:
    """A proxy that forwards connections from a port of its own within `async with`.

    Args:
        port: The target port on 127.0.0.1.

    Attributes:
        accepted: Number of connections so far, without refused ones.
    """

    def __init__(self, port: int) -> None:
        self.accepted = 0
        self._target = port
        self._is_cut = False
        self._open: dict[tuple[asyncio.StreamWriter, asyncio.StreamWriter], str | None] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port on which it listens, on 127.0.0.1."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self, *, spare: str | None = None) -> None:
        """Reset all connections except those of one participant."""
        self._cut(lambda identity: identity is None or identity != spare)

    def cut_workers(self) -> None:
        """Reset the connections without a participant, which are those of workers."""
        self._cut(lambda identity: identity is None)

    def _cut(self, is_meant: Callable[[str | None], bool]) -> None:
        self._is_cut = True
        for pair, identity in self._open.items():
            if is_meant(identity):
                for writer in pair:
                    writer.transport.abort()

    def mend(self) -> None:
        """Accept connections again."""
        self._is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        self.accepted += 1
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target)
        pair = (writer, onward_writer)
        self._open[pair] = None
        head = await reader.read(LARGEST_READ)
        self._open[pair] = _identity(head)
        onward_writer.write(head)
        await asyncio.gather(_forward(reader, onward_writer), _forward(onward_reader, writer))
        del self._open[pair]


def _identity(head: bytes) -> str | None:
    """Return the identity in a request's token, or None."""
    token = TOKEN.search(head)
    if token is None:
        return None
    payload = token[1] + b"=" * (-len(token[1]) % 4)
    # A worker's token has an empty one.
    return json.loads(base64.urlsafe_b64decode(payload)).get("sub") or None


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(LARGEST_READ):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()

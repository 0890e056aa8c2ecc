"""The connections of browsers, with limits for their number, for idle time and for slow reading."""

import asyncio
import socket
from collections import Counter
from typing import cast

from aiohttp import web

from agent.web.clients import Proxies, client_of

# Most connections in all, half of the usual limit of 1024 open files, and of one client. A browser opens six.
_MOST = 512
_MOST_OF_A_CLIENT = 64

# Seconds for the first request's headers to arrive, and between two requests.
_IDLE_TIMEOUT = 10.0

# Seconds within which a browser must read some of an answer; a page that waits for its user keeps reading.
_READ_TIMEOUT = 30.0


class Connections:
    """Makes the connections of a server, and refuses those beyond the limits.

    A connection is closed after ten seconds without a complete request header; on Linux also after 30 s in which it
    reads nothing of its answer.

    Args:
        server: Answers the requests.
        proxies: May have any number of connections; see TRUSTED_PROXIES.
        most: Most connections in all.
        most_of_a_client: Most connections of one client.
        idle_timeout: Most seconds without a request.
        read_timeout: Most seconds without reading any of an answer.
    """

    def __init__(
        self,
        server: web.Server,
        proxies: Proxies,
        *,
        most: int = _MOST,
        most_of_a_client: int = _MOST_OF_A_CLIENT,
        idle_timeout: float = _IDLE_TIMEOUT,
        read_timeout: float = _READ_TIMEOUT,
    ) -> None:
        self._server = server
        self._proxies = proxies
        self._most = most
        self._most_of_a_client = most_of_a_client
        self._idle_timeout = idle_timeout
        self._read_timeout = read_timeout
        self._clients: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """Number of open connections."""
        return self._clients.total()

    def __call__(self) -> asyncio.Protocol:
        """Make a connection; a factory for `loop.create_server`."""
        return _Connection(self, self._server, self._idle_timeout, self._read_timeout)

    def add(self, address: str) -> str | None:
        """Count a connection; return its client, or None if there are too many."""
        client = client_of(address)
        is_limited = address not in self._proxies
        if self.count >= self._most or (is_limited and self._clients[client] >= self._most_of_a_client):
            return None
        self._clients[client] += 1
        return client

    def remove(self, client: str) -> None:
        """Note that a connection has ended."""
        self._clients[client] -= 1
        self._clients += Counter()  # clients without connections are forgotten


class _Connection(web.RequestHandler):
    def __init__(self, connections: Connections, server: web.Server, idle_timeout: float, read_timeout: float) -> None:
        # aiohttp's time-out counts from the connection's start, and bytes of a header don't restart it.
        super().__init__(server, loop=asyncio.get_running_loop(), keepalive_timeout=idle_timeout, access_log=None)  # type: ignore[arg-type] # None turns it off
        self._connections = connections
        self._read_timeout = read_timeout
        self._client: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self._client = self._connections.add(peer[0] if peer else "")
        if self._client is None:
            cast("asyncio.Transport", transport).abort()
        elif hasattr(socket, "TCP_USER_TIMEOUT"):
            line = transport.get_extra_info("socket")
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(self._read_timeout * 1000))

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._client is not None:
            self._connections.remove(self._client)
            self._client = None
        super().connection_lost(exc)

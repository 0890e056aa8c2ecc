"""Fetches links, from public addresses only."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import aiohttp
from aiohttp import AddrInfoType
from yarl import URL

from agent.knowledge.sources import Kind, kind_of_answer
from agent.rooms.reach import is_public
from avatar.errors import ConfigurationError
from avatar.http import client_session, proxy_for

# Most bytes of a document, and most redirects to it.
LONGEST_DOCUMENT = 20 * 1024 * 1024
_MOST_REDIRECTS = 5

_TIMEOUT = aiohttp.ClientTimeout(total=30.0, connect=10.0)

Network = IPv4Network | IPv6Network


class FetchError(Exception):
    """A link could not be fetched; the message says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to a request.

    Attributes:
        kind: The document's kind.
        body: The document.
    """

    kind: Kind
    body: bytes


class Fetcher:
    """Fetches documents.

    The address of every connection is checked when it is made, also after redirects and for names whose addresses
    change. If a proxy makes the connections, the addresses that this machine resolves are checked instead.

    Args:
        networks: Networks that may be reached although they are not public.
        longest: Most bytes of a document.
    """

    def __init__(self, networks: Sequence[Network] = (), *, longest: int = LONGEST_DOCUMENT) -> None:
        self._networks = networks
        self._longest = longest

    async def fetch(self, link: str) -> Fetched:
        """Fetch a document.

        Raises:
            FetchError: It can't be fetched, is too long, or is of a kind that can't be read.
        """
        try:
            return await self._follow(URL(link))
        except TimeoutError:
            message = "no answer in time"
            raise FetchError(message) from None
        except (aiohttp.ClientError, ConfigurationError, OSError, ValueError) as error:
            raise FetchError(_reason(error)) from None

    async def _follow(self, url: URL) -> Fetched:
        for _ in range(_MOST_REDIRECTS + 1):
            connector = None if proxy_for(str(url)) else aiohttp.TCPConnector(socket_factory=self._open_socket)
            if connector is None:
                await self._check_name(url)
            async with (
                client_session(timeout=_TIMEOUT, connector=connector) as http,
                http.get(url, allow_redirects=False) as reply,
            ):
                target = reply.headers.get("Location")
                if target is None or reply.status not in range(HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.BAD_REQUEST):
                    return await self._read(reply)
            url = url.join(URL(target))
            if url.scheme not in {"http", "https"}:
                message = f"it redirects to {url.scheme}://"
                raise FetchError(message)
        message = f"it redirects more than {_MOST_REDIRECTS} times"
        raise FetchError(message)

    async def _read(self, reply: aiohttp.ClientResponse) -> Fetched:
        if reply.status != HTTPStatus.OK:
            message = f"the answer was {reply.status}"
            raise FetchError(message)
        kind = kind_of_answer(reply.headers.get("Content-Type", ""), reply.url.path)
        if kind is None:
            message = f"documents of the type {reply.content_type} can't be read"
            raise FetchError(message)
        body = await read_whole(reply, self._longest)
        if body is None:
            message = f"it has more than {self._longest:,} bytes"
            raise FetchError(message)
        return Fetched(kind, body)

    def _open_socket(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        self._check(str(address[0]))
        return socket.socket(family, kind, protocol)

    async def _check_name(self, url: URL) -> None:
        """Check the addresses of a name, if this machine can resolve it; otherwise only the proxy can reach it."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(url.host or "", url.port, type=socket.SOCK_STREAM)
        except socket.gaierror:
            return
        for *_, address in found:
            self._check(str(address[0]))

    def _check(self, text: str) -> None:
        address = ip_address(text.partition("%")[0])
        if not is_public(address) and not any(address in network for network in self._networks):
            message = f"{address} is not a public address; KNOWLEDGE_NETWORKS may allow it"
            raise PermissionError(message)


async def read_whole(reply: aiohttp.ClientResponse, most: int) -> bytes | None:
    """Read an answer; return None if it has more than `most` bytes."""
    body = bytearray()
    async for piece in reply.content.iter_any():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def networks_of(text: str) -> list[Network]:
    """Parse the value of KNOWLEDGE_NETWORKS, which was checked before."""
    return [ip_network(each, strict=False) for each in text.split()]


def _reason(error: Exception) -> str:
    """Describe an error without the query of its URL, which may hold a key."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    if isinstance(error, PermissionError) and error.args:
        return str(error.args[0])
    return type(error).__name__ if not isinstance(error, OSError) else (error.strerror or type(error).__name__)

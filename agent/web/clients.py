"""Finds the client of a request by its address, also behind trusted proxies."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

# Bits of an IPv6 address that belong to the network: a host chooses the others freely (RFC 4291, 2.5.4).
_PREFIX_OF_A_HOST = 64

# Key of a request's client.
CLIENT = web.RequestKey("client", str)


class Proxies:
    """The proxies whose X-Forwarded-For is trusted.

    Args:
        networks: Their addresses and networks, separated by blanks.
    """

    def __init__(self, networks: str = "") -> None:
        self._networks = [ipaddress.ip_network(each) for each in networks.split()]

    def __contains__(self, address: str) -> bool:
        """Return whether this is the address of a trusted proxy."""
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def client(self, remote: str, forwarded: Sequence[str]) -> str:
        """Identify the client of a request.

        Args:
            remote: The address that the request came from.
            forwarded: The values of X-Forwarded-For. Each proxy adds the address that it sees, so they are read from
                the end, as long as a trusted proxy has added them: earlier ones may be forged.
        """
        hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
        address = remote
        while hops and address in self:
            address = _without_port(hops.pop())
        return client_of(address)


def client_of(address: str) -> str:
    """Identify a client by its IPv4 address, or by its own IPv6 network."""
    parsed = _parse(address)
    if parsed is None or isinstance(parsed, ipaddress.IPv4Address):
        return address if parsed is None else str(parsed)
    return str(ipaddress.ip_network((parsed, _PREFIX_OF_A_HOST), strict=False))


def identified(proxies: Proxies) -> Middleware:
    """Find the client of each request."""

    @web.middleware
    async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[CLIENT] = proxies.client(request.remote or "", request.headers.getall("X-Forwarded-For", []))
        return await handler(request)

    return identify


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, ipaddress.IPv6Address) else parsed


def _without_port(hop: str) -> str:
    """Remove the port that some proxies add: `192.0.2.7:5678`, `[2001:db8::1]:5678`."""
    if not hop.startswith("[") and hop.count(":") != 1:
        return hop
    try:
        return urlsplit(f"//{hop}").hostname or hop
    except ValueError:
        return hop

"""Who may ask: by the names of this machine, from the page itself, not too often, and knowing the secret."""

import hmac
import ipaddress
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from agent.rate import Buckets
from agent.settings import Settings
from agent.web.errors import RequestError

_AT_ONCE = 10
_PER_SECOND = 0.5
_ADDRESSES = 10_000
# What one address may ask of /api; and how many addresses are remembered, at some 300 bytes each.

_PREFIX_OF_A_HOST = 64
# Bits of an IPv6 address: a host chooses the others as it likes (RFC 4291, 2.5.4).

_WHO_KNOWS = "who knows the secret"
# In an address's place.

_BY_THE_PAGE_OR_BY_HAND = {"same-origin", "none"}


def known_names(settings: Settings) -> frozenset[str] | None:
    """The names by which a browser may know this machine; None for any.

    A page of somebody else's can give its own name the address 127.0.0.1 (DNS rebinding), and is then of the same
    origin as what runs here; its name gives it away. Where others reach the port, their names for it are not known.
    """
    if settings.web_secret.get_secret_value() or not _is_loopback(settings.web_host):
        return None
    return frozenset({settings.web_host, "localhost", "127.0.0.1", "::1"})


def is_for_everybody(settings: Settings) -> bool:
    """Whether others reach the port, and may ask."""
    return not settings.web_secret.get_secret_value() and not _is_loopback(settings.web_host)


def called_by_name(names: frozenset[str] | None) -> Middleware:
    """Refuse requests that call this machine by a name that is not known."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if names is not None and _name_in(request.headers.get("Host", "")) not in names:
            message = "this machine is called by a name it does not know: behind a proxy it needs WEB_SECRET"
            raise RequestError(HTTPStatus.FORBIDDEN, message)
        return await handler(request)

    return check


@web.middleware
async def same_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what a browser asks for a page of another origin; what is no browser is not concerned.

    Browsers say which it is; those that do not (over plain HTTP, from another machine) name the page's origin.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    is_ours = site in _BY_THE_PAGE_OR_BY_HAND if site else not origin or _is_of(origin, request)
    if not is_ours:
        message = "a page of another origin may not ask: let its own server ask"
        raise RequestError(HTTPStatus.FORBIDDEN, message)
    return await handler(request)


def not_too_often(secret: str, clock: Callable[[], float] = time.monotonic) -> Middleware:
    """Let ten requests of one address through at once, then one every two seconds.

    Who knows the secret is counted apart: behind a proxy all have one address, and strangers would use it up.
    """
    buckets = Buckets(_AT_ONCE, _PER_SECOND, _ADDRESSES)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        client = _WHO_KNOWS if secret and _gives(request, secret) else client_of(request.remote or "")
        if wait := buckets.take(client, clock()):
            raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, "too many requests: try again in a moment", wait)
        return await handler(request)

    return check


def client_of(address: str) -> str:
    """What stands for one client: its IPv4 address, or the network that it has for itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - the protocol's own name
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _PREFIX_OF_A_HOST), strict=False))


def knows(secret: str) -> Middleware:
    """Refuse who does not give the secret, if there is one."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if secret and not _gives(request, secret):
            message = "this needs a secret, as `Authorization: Bearer <secret>`"
            raise RequestError(HTTPStatus.UNAUTHORIZED, message)
        return await handler(request)

    return check


def _gives(request: web.Request, secret: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    is_known = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), secret.encode())
    return scheme.lower() == "bearer" and is_known


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_of(origin: str, request: web.Request) -> bool:
    host = request.headers.get("Host", "")
    return bool(host) and origin.partition("://")[2].lower() == host.lower()


def _name_in(host: str) -> str | None:
    """Without the port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None

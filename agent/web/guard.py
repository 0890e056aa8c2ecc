"""Checks of requests: the host name, the rate, and the secret."""

import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from agent.rate import Bucket, Buckets
from agent.settings import Settings
from agent.web.clients import CLIENT
from agent.web.errors import RequestError

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Most requests of one address to /api, at once and per second, and most remembered addresses, of some 300 bytes each.
_AT_ONCE = 10
_PER_SECOND = 0.5
_ADDRESSES = 10_000

# Most requests with the secret, at once and per second: a backend steers many calls, each of which has its own limits.
_TRUSTED_AT_ONCE = 100
_TRUSTED_PER_SECOND = 20.0


def known_names(settings: Settings) -> frozenset[str] | None:
    """Return the host names that requests may have; None for any.

    The host name of a foreign page can resolve to 127.0.0.1 (DNS rebinding); the page then has the same origin as this
    server, and only its name differs. If the port can be reached from outside, its names are unknown here.
    """
    if settings.secret or not _is_loopback(settings.web_host):
        return None
    return frozenset({settings.web_host, "localhost", "127.0.0.1", "::1"})


def is_for_everybody(settings: Settings, host: str) -> bool:
    """Return whether a port at this address can be reached from other machines and needs no secret."""
    return not settings.secret and not _is_loopback(host)


def called_by_name(names: frozenset[str] | None) -> Middleware:
    """Refuse requests with an unknown host name."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if names is not None and _name_in(request.headers.get("Host", "")) not in names:
            message = "This host name is not known here. Behind a proxy, set WEB_SECRET."
            raise RequestError(HTTPStatus.FORBIDDEN, message)
        return await handler(request)

    return check


def not_too_often(secret: str, clock: Callable[[], float] = time.monotonic) -> Middleware:
    """Let ten requests of one address through at once, then one every two seconds.

    Requests with the secret have a separate limit, a hundred at once and then twenty a second: behind a proxy that is
    not in TRUSTED_PROXIES all clients have one address, and strangers could use up its limit.
    """
    buckets, trusted = Buckets(_AT_ONCE, _PER_SECOND, _ADDRESSES), Bucket(_TRUSTED_AT_ONCE, _TRUSTED_PER_SECOND)

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_trusted = bool(secret) and _gives(request, secret)
        if wait := trusted.take(clock()) if is_trusted else buckets.take(request[CLIENT], clock()):
            raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.", wait)
        return await handler(request)

    return check


def knows(secret: str) -> Middleware:
    """Refuse requests without the secret, if there is one."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if secret and not _gives(request, secret):
            message = "Send the secret as `Authorization: Bearer <secret>`."
            raise RequestError(HTTPStatus.UNAUTHORIZED, message)
        return await handler(request)

    return check


def with_secret(secret: str, handler: Serve, what: str) -> Serve:
    """Make a handler that serves only if a secret is set, which `knows` has checked by then.

    Args:
        secret: WEB_SECRET; empty if there is none.
        handler: Serves the request.
        what: The action that needs the secret: the end of the sentence "Set WEB_SECRET to".
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        if not secret:
            raise RequestError(HTTPStatus.FORBIDDEN, f"Set WEB_SECRET to {what}.")
        return await handler(request)

    return serve


def _gives(request: web.Request, secret: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    is_known = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), secret.encode())
    return scheme.lower() == "bearer" and is_known


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name_in(host: str) -> str | None:
    """Return the host of a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None

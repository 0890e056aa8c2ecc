"""The pages that may request tokens: our own, and those of the origins in WEB_ORIGINS (CORS)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from agent.web.errors import RequestError

_BY_THE_PAGE_OR_BY_HAND = {"same-origin", "none"}

# Answer to a browser's preflight request; it caches the answer for an hour.
_PREFLIGHT = {
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "POST",
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type",
    hdrs.ACCESS_CONTROL_MAX_AGE: "3600",
}


def from_known_origins(origins: str) -> Middleware:
    """Refuse requests that a browser sends for a page of an unknown origin; other clients pass.

    Args:
        origins: The origins of WEB_ORIGINS, separated by blanks; `*` for any.
    """
    known = frozenset(origins.split())

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _is_known(request, known):
            if request.method == hdrs.METH_OPTIONS:
                return web.Response(status=HTTPStatus.NO_CONTENT, headers=_PREFLIGHT)
        elif not _is_own_page(request):
            message = "Pages of other origins get no tokens here: request them from your own server."
            raise RequestError(HTTPStatus.FORBIDDEN, message)
        return await handler(request)

    return check


def allowing(origins: str) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Make a handler for `on_response_prepare` that lets pages of these origins read every answer, errors included."""
    known = frozenset(origins.split())

    async def allow(request: web.Request, answer: web.StreamResponse) -> None:
        if _is_known(request, known):
            answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
            answer.headers[hdrs.VARY] = hdrs.ORIGIN

    return allow


def _is_known(request: web.Request, known: frozenset[str]) -> bool:
    origin = request.headers.get(hdrs.ORIGIN, "")
    return bool(origin) and not known.isdisjoint({origin, "*"})


def _is_own_page(request: web.Request) -> bool:
    """Return whether our own page sent a request. Over plain HTTP to another machine browsers send only the origin."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in _BY_THE_PAGE_OR_BY_HAND
    origin, host = request.headers.get(hdrs.ORIGIN, ""), request.headers.get(hdrs.HOST, "")
    return not origin or (bool(host) and origin.partition("://")[2].lower() == host.lower())

"""Counts the requests to the page's port, and the calls that it refuses."""

from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from agent.metrics.catalogue import CALLS_REFUSED, REQUESTS

# Why a request for a call gets this status.
REASONS = {
    HTTPStatus.BAD_REQUEST: "bad request",
    HTTPStatus.UNAUTHORIZED: "secret",
    HTTPStatus.FORBIDDEN: "origin",
    HTTPStatus.REQUEST_TIMEOUT: "bad request",
    HTTPStatus.GONE: "call is over",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "bad request",
    HTTPStatus.TOO_MANY_REQUESTS: "rate",
    HTTPStatus.BAD_GATEWAY: "no room",
    HTTPStatus.SERVICE_UNAVAILABLE: "no worker",
}

# Routes that give callers their tokens.
CALL_ROUTES = {"/api/call", "/api/calls", "/api/token"}

# All files of the page are one route, and so are all paths without a route.
_PAGE = "page"
_FILES = "/{path}"


@web.middleware
async def count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count a request by its route and the status of its answer; must be the outermost middleware."""
    answer = await handler(request)
    REQUESTS.labels(_route(request), str(answer.status)).inc()
    if _route(request) in CALL_ROUTES and answer.status >= HTTPStatus.BAD_REQUEST:
        CALLS_REFUSED.labels(REASONS.get(HTTPStatus(answer.status), "other")).inc()
    return answer


def _route(request: web.Request) -> str:
    """Return the route's path, with names instead of values, so that there are few."""
    resource = request.match_info.route.resource
    path = "" if resource is None else resource.canonical
    return path if path.startswith("/") and path != _FILES else _PAGE

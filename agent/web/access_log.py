"""The access log: a line for each request, without data that the client has sent."""

import logging
import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from agent.rate import Bucket
from agent.web.clients import CLIENT

logger = logging.getLogger("agent")

# Most lines at once and per second, so that a flood of requests does not flood the log.
_AT_ONCE = 50
_PER_SECOND = 5.0

# Requests below this path are logged at INFO; the page's files and health checks at DEBUG.
_API = "/api/"


def logged(clock: Callable[[], float] = time.monotonic) -> Middleware:
    """Log each request by its route and the status of its answer; not by its path, query or headers."""
    bucket, left_out = Bucket(_AT_ONCE, _PER_SECOND), 0

    @web.middleware
    async def log(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal left_out
        begun = clock()
        answer = await handler(request)
        now = clock()
        if bucket.take(now):
            left_out += 1
            return answer
        resource = request.match_info.route.resource
        route = "none" if resource is None else resource.canonical
        extra = {
            "client": request[CLIENT],
            "method": request.method if resource is not None else "",
            "route": route,
            "status": answer.status,
            "milliseconds": round(1000.0 * (now - begun)),
            "left_out": left_out,
        }
        logger.log(logging.INFO if route.startswith(_API) else logging.DEBUG, "a request was answered", extra=extra)
        left_out = 0
        return answer

    return log

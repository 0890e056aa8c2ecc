"""The service's rate limit: a fixed window of one second for each credential and endpoint (HeyGen's rate limits page).

The page's numbers are not known here, so the limit is an option; without it nothing is limited and no header tells of
a limit.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.liveavatar.errors import envelope

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a window after a call.

    Attributes:
        remaining: further calls.
        reset: seconds until the next window, rounded up.
        is_exceeded: this call was one too many.
    """

    remaining: int
    reset: int
    is_exceeded: bool


class RateLimit:
    """Counts the calls of the current second.

    Args:
        calls: allowed in a window.
    """

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self._window = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def take(self, credential: str, endpoint: str, *, now: float) -> Allowance:
        """Count a call at `now`, in seconds."""
        if (window := math.floor(now)) != self._window:
            self._window = window
            self._counts.clear()
        self._counts[credential, endpoint] += 1
        left = self.calls - self._counts[credential, endpoint]
        return Allowance(max(left, 0), math.ceil(window + 1 - now), left < 0)


def limiting(calls: int) -> Middleware:
    """Make the middleware that answers with 429 what is more than `calls` a second; 0 limits nothing."""
    limit = RateLimit(calls)

    @web.middleware
    async def check_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not calls or not request.path.rpartition("/v1/")[1]:
            return await handler(request)
        credential = request.headers.get("Authorization", request.headers.get("X-API-KEY", ""))
        allowance = limit.take(credential, request.match_info.route.name or "", now=time.time())
        response = _too_many(allowance) if allowance.is_exceeded else await handler(request)
        response.headers["X-RateLimit-Limit"] = str(calls)
        response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
        response.headers["X-RateLimit-Reset"] = str(allowance.reset)
        return response

    return check_rate


def _too_many(allowance: Allowance) -> web.Response:
    headers = {"Retry-After": str(allowance.reset)}
    return web.json_response(envelope(None, "Rate limit exceeded", code=429), status=429, headers=headers)

"""The service's rate limit: a fixed window of one second for each credential and endpoint (HeyGen's rate limits page).

The page's numbers are not known here, so the limit is an option.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """The rest of a window after a request.

    Attributes:
        limit: Requests in a window.
        remaining: Further requests.
        reset: Seconds until the next window, rounded up.
        is_exceeded: Whether this request was one too many.
    """

    limit: int
    remaining: int
    reset: int
    is_exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an answer."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }
        return headers | ({"Retry-After": str(self.reset)} if self.is_exceeded else {})


class RateLimit:
    """Counts the requests of the current second.

    Args:
        calls: Requests allowed in a window.
    """

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self._window = 0
        self._counts: Counter[tuple[str, str]] = Counter()

    def take(self, credential: str, endpoint: str, *, now: float) -> Allowance:
        """Count a request at `now`, in seconds."""
        if (window := math.floor(now)) != self._window:
            self._window = window
            self._counts.clear()
        self._counts[credential, endpoint] += 1
        left = self.calls - self._counts[credential, endpoint]
        return Allowance(self.calls, max(left, 0), math.ceil(window + 1 - now), left < 0)

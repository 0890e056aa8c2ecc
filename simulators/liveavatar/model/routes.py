"""The endpoints of the REST API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint; `{name}` in its path stands for one segment."""

    name: str
    method: str
    path: str

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the names in the path; None for another path."""
        found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path), path)
        return None if found is None else found.groupdict()


# As in HeyGen's API reference; there is no id in the paths of stop and keep-alive (fact 9).
ROUTES = (
    Route("token", "POST", "/v1/sessions/token"),
    Route("start", "POST", "/v1/sessions/start"),
    Route("stop", "POST", "/v1/sessions/stop"),
    Route("keep_alive", "POST", "/v1/sessions/keep-alive"),
    Route("sessions", "GET", "/v1/sessions"),
    Route("session", "GET", "/v1/sessions/{session_id}"),
    Route("avatars", "GET", "/v1/avatars/public"),
    Route("avatar", "GET", "/v1/avatars/{avatar_id}"),
    Route("credits", "GET", "/v1/users/credits"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a request.

    Attributes:
        name: Name of the endpoint; `405` or `404` if there is none.
        parts: The values of the names in its path.
        query: The parameters after the path.
    """

    name: str
    parts: dict[str, str]
    query: dict[str, str]


def find_target(method: str, path_and_query: str) -> Target:
    """Find the endpoint of a request."""
    url = urlsplit(path_and_query)
    query = dict(parse_qsl(url.query))
    name = "404"
    for route in ROUTES:
        if (parts := route.match(url.path)) is not None:
            if route.method == method:
                return Target(route.name, parts, query)
            name = "405"
    return Target(name, {}, query)

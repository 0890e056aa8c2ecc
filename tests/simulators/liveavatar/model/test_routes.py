"""Finding the endpoint of a request."""

from __future__ import annotations

import pytest

from simulators.liveavatar.model.routes import ROUTES, find_target


@pytest.mark.parametrize(
    ("method", "path", "name", "parts"),
    [
        ("POST", "/v1/sessions/token", "token", {}),
        ("GET", "/v1/sessions/some-id", "session", {"session_id": "some-id"}),
        ("GET", "/v1/avatars/public", "avatars", {}),
        ("GET", "/v1/avatars/some-id", "avatar", {"avatar_id": "some-id"}),
        ("POST", "/v1/sessions/keep_alive", "405", {}),
        ("PUT", "/v1/sessions", "405", {}),
        ("GET", "/v2/sessions", "404", {}),
        ("GET", "/v1/sessions/a/b", "404", {}),
    ],
)
def test_endpoint_is_found_by_method_and_path(method: str, path: str, name: str, parts: dict[str, str]) -> None:
    """An unknown one gives the status of the refusal."""
    target = find_target(method, path)

    assert (target.name, target.parts) == (name, parts)


def test_query_is_read() -> None:
    """The query is kept apart from the path."""
    target = find_target("GET", "/v1/sessions?type=active&page=2")

    assert (target.name, target.query) == ("sessions", {"type": "active", "page": "2"})


def test_names_are_unique() -> None:
    """Faults refer to routes by their names."""
    names = [route.name for route in ROUTES]

    assert len(set(names)) == len(names)

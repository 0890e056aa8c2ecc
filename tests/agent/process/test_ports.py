"""Which ports are opened, depending on the settings and a platform's PORT."""

from typing import Any

import pytest

from agent.process.ports import health_port, page_host, page_port
from agent.settings import Settings


@pytest.mark.parametrize(
    ("values", "dev", "page", "health"),
    [
        ({}, True, 8080, 0),
        ({}, False, 0, 8081),
        ({"web_port": 0}, True, 0, 0),
        ({"web_port": 9}, False, 9, 8081),
        ({"worker_port": 8082}, False, 0, 8082),
        ({"worker_port": 8082}, True, 8080, 8082),
        ({"worker_port": 0}, False, 0, 0),
        ({"port": 8080}, False, 0, 8080),
        ({"port": 8080, "web_secret": "s"}, False, 8080, 8081),
        ({"port": 8080, "web_port": 8080}, False, 8080, 8081),
        ({"port": 8080, "web_port": 9, "web_secret": "s"}, False, 9, 8080),
        ({"port": 8080, "worker_port": 8082}, False, 0, 8082),
        ({"port": 3000, "web_secret": "s"}, True, 8080, 0),
    ],
)
def test_ports_follow_the_settings(values: dict[str, Any], dev: bool, page: int, health: int) -> None:
    """PORT is the page's if a secret protects it, else the health check's; in development it is ignored."""
    settings = Settings(**values)

    assert (page_port(settings, dev=dev), health_port(settings, dev=dev)) == (page, health)


@pytest.mark.parametrize(
    ("values", "dev", "host"),
    [
        ({}, True, "127.0.0.1"),
        ({"web_port": 9, "web_host": "::1"}, False, "::1"),
        ({"port": 8080, "web_secret": "s"}, False, "0.0.0.0"),  # noqa: S104 - a platform's requests come from outside
        ({"port": 8080, "web_secret": "s", "web_host": "127.0.0.1"}, False, "127.0.0.1"),
        ({"port": 8080, "web_port": 8080, "web_secret": "s"}, False, "127.0.0.1"),
        ({"port": 8080, "web_secret": "s"}, True, "127.0.0.1"),
    ],
)
def test_the_page_is_on_loopback_unless_a_platform_asks_for_it(values: dict[str, Any], dev: bool, host: str) -> None:
    """WEB_HOST overrides it."""
    assert page_host(Settings(**values), dev=dev) == host

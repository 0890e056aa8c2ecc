"""The page's port: where it is opened, what happens if it is taken, and who may reach it."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.process.run import WorkerError
from agent.settings import SettingsError
from agent.web.clients import Proxies
from agent.web.serve import open_port, page_url, require_web_port, serving
from demo.processes import free_port
from tests.agent.web.web_fakes import settings

if TYPE_CHECKING:
    from tests.agent.web.web_fakes import Site

KEYS = dict.fromkeys(("deepgram_api_key", "openai_api_key", "eleven_api_key", "liveavatar_api_key"), "a-key")
ANYWHERE = "0.0.0.0"  # noqa: S104 - the case under test


async def test_the_page_is_served_while_the_body_runs(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the page's address, and the port is free afterwards."""
    port = free_port()
    with caplog.at_level(logging.INFO, "agent"):
        listening = open_port(settings(web_port=port), dev=False)
        assert listening is not None
        async with (
            serving(site.app(), listening, Proxies()),
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{port}/healthz") as answer,
        ):
            assert (await answer.json())["status"] == "ok"

    assert [record.getMessage() for record in caplog.records] == [f"the page: http://127.0.0.1:{port}"]
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(("secret", "warnings"), [("a-secret", 0), ("none", 1)])
def test_a_port_that_is_open_to_everybody_is_logged(
    caplog: pytest.LogCaptureFixture, secret: str, warnings: int
) -> None:
    """The log says what to do if others can reach it without a secret."""
    listening = open_port(settings(web_port=free_port(), web_host=ANYWHERE, web_secret=secret), dev=False)
    assert listening is not None
    listening.close()

    assert caplog.text.count("set WEB_SECRET") == warnings


@pytest.mark.parametrize(
    ("values", "is_allowed"),
    [
        ({}, True),
        ({"web_host": ANYWHERE}, False),
        ({"web_host": "10.0.0.1"}, False),
        ({"web_host": ANYWHERE, "web_secret": "a-secret"}, True),
        ({"web_host": ANYWHERE, "web_secret": "none"}, True),
        ({"web_host": ANYWHERE, "web_port": 0}, True),
        ({"web_host": ANYWHERE, "stand_ins_url": "http://stand-ins:7900"}, False),
    ],
)
def test_a_real_key_is_not_exposed_by_mistake(values: dict[str, Any], is_allowed: bool) -> None:
    """Beyond loopback a secret is required, or the word `none`."""
    wanted = settings(**{"web_port": 8080, **KEYS, **values})
    if is_allowed:
        require_web_port(wanted, dev=False)
    else:
        with pytest.raises(SettingsError, match="WEB_SECRET is missing"):
            require_web_port(wanted, dev=False)


def test_everybody_may_call_stand_ins() -> None:
    """They cost nothing."""
    stand_ins = settings(web_port=8080, web_host=ANYWHERE, stand_ins_url="http://stand-ins:7900")
    require_web_port(stand_ins, dev=False)

    assert len(stand_ins.stand_ins) == 4


def test_without_a_port_there_is_no_server(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is logged either."""
    assert open_port(settings(), dev=False) is None
    assert not caplog.records


def test_a_port_that_was_set_has_to_be_free() -> None:
    """Otherwise the worker does not start, and the error names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = settings(web_port=taken.getsockname()[1])
        with pytest.raises(WorkerError, match=f"WEB_PORT={wanted.web_port}"):
            open_port(wanted, dev=True)


def test_in_development_the_worker_goes_on_without_a_page(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A taken default port is logged once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("agent.process.ports._DEV_PAGE", port)
        assert open_port(settings(), dev=True) is None

    (record,) = caplog.records
    assert (record.levelname, record.getMessage(), vars(record)["port"]) == (
        "WARNING",
        "the page is not served: its port is taken; choose another with WEB_PORT",
        port,
    )


def test_a_platforms_port_is_open_to_the_outside() -> None:
    """Cloud Run and similar platforms send requests to PORT from outside the container."""
    listening = open_port(settings(port=free_port(), web_secret="a-secret"), dev=False)
    assert listening is not None
    with listening:
        assert listening.getsockname()[0] == ANYWHERE


@pytest.mark.parametrize(("host", "family"), [("localhost", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_a_host_may_be_a_name_or_an_address(host: str, family: socket.AddressFamily) -> None:
    """A name with IPv4 and IPv6 addresses is opened at its IPv4 address."""
    listening = open_port(settings(web_port=free_port(), web_host=host), dev=False)
    assert listening is not None
    with listening:
        assert listening.family == family


def test_the_port_for_liveavatars_rooms_has_to_be_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers have no other way into LiveAvatar's rooms."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("agent.process.ports._DEV_PAGE", taken.getsockname()[1])
        with pytest.raises(WorkerError, match="WEB_PORT="):
            open_port(settings(room_owner="liveavatar"), dev=True)


def test_liveavatars_rooms_need_the_port() -> None:
    """A worker whose page could let no caller in does not start."""
    with pytest.raises(SettingsError, match="WEB_PORT is missing"):
        require_web_port(settings(room_owner="liveavatar"), dev=False)
    require_web_port(settings(room_owner="liveavatar"), dev=True)
    require_web_port(settings(room_owner="liveavatar", web_port=80), dev=False)
    require_web_port(settings(), dev=False)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - compared with, not bound to
        ("::", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("box.lan", "http://box.lan:80"),
    ],
)
def test_the_logged_address_can_be_opened(host: str, url: str) -> None:
    """If the page listens on all interfaces, it is that of loopback."""
    assert page_url(host, 80) == url

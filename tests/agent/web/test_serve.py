"""Serving beside the worker: where, and what if the port is taken."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from agent.process.run import WorkerError
from agent.settings import SettingsError
from agent.web.serve import page_url, require_web_port, serving
from demo.processes import free_port
from tests.agent.web.web_fakes import settings

if TYPE_CHECKING:
    from tests.agent.web.web_fakes import Site


async def test_it_serves_as_long_as_the_body_runs(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the address, where the page then is; afterwards the port is free."""
    port = free_port()
    with caplog.at_level(logging.INFO, "agent"):
        async with (
            serving(settings(web_port=port), site.server, site.rooms, site.journal, dev=False),
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{port}/healthz") as answer,
        ):
            assert (await answer.json())["status"] == "starting"

    assert [record.getMessage() for record in caplog.records] == [f"the page: http://127.0.0.1:{port}"]
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(("secret", "warnings"), [("a-secret", 0), ("", 1)])
async def test_a_port_for_everybody_is_told(
    site: Site, caplog: pytest.LogCaptureFixture, secret: str, warnings: int
) -> None:
    """Where others reach it and no secret is wanted, the log says what to do."""
    wanted = settings(web_port=free_port(), web_host="0.0.0.0", web_secret=secret)  # noqa: S104 - to be warned of
    async with serving(wanted, site.server, site.rooms, site.journal, dev=False):
        pass

    assert caplog.text.count("set WEB_SECRET") == warnings


async def test_without_a_port_nothing_is_served(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The body runs, and nothing is said."""
    async with serving(settings(), site.server, site.rooms, site.journal, dev=False):
        pass

    assert not caplog.records


async def test_a_port_that_was_asked_for_has_to_be_free(site: Site) -> None:
    """The worker does not start, and the setting is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = settings(web_port=taken.getsockname()[1])
        with pytest.raises(WorkerError, match=f"WEB_PORT={wanted.web_port}"):
            async with serving(wanted, site.server, site.rooms, site.journal, dev=True):
                pass


async def test_in_development_the_worker_goes_on_without_a_page(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody asked for the port; a line says that it is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("agent.process.ports._DEV_PAGE", port)
        async with serving(settings(), site.server, site.rooms, site.journal, dev=True):
            pass

    (record,) = caplog.records
    assert (record.levelname, record.getMessage(), vars(record)["port"]) == (
        "WARNING",
        "the page is not served: its port is taken; choose another with WEB_PORT",
        port,
    )


async def test_a_platforms_port_is_reached_from_outside(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Cloud Run and the like ask at PORT, from outside the container."""
    wanted = settings(port=free_port(), web_secret="a-secret")
    with caplog.at_level(logging.INFO, "agent"):
        async with (
            serving(wanted, site.server, site.rooms, site.journal, dev=False),
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.2:{wanted.port}/healthz") as answer,
        ):
            assert (await answer.json())["status"] == "starting"


async def test_a_port_that_is_the_only_door_has_to_be_free(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into rooms of LiveAvatar's nobody comes by another way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("agent.process.ports._DEV_PAGE", taken.getsockname()[1])
        with pytest.raises(WorkerError, match="WEB_PORT="):
            async with serving(settings(room_owner="liveavatar"), site.server, site.rooms, site.journal, dev=True):
                pass


def test_rooms_of_liveavatar_need_the_port() -> None:
    """A worker that nobody could call does not start."""
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
def test_the_address_is_one_that_can_be_opened(host: str, url: str) -> None:
    """Where all interfaces are listened to, this machine's own."""
    assert page_url(host, 80) == url

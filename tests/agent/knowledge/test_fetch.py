"""Links: documents come only from public addresses, and their size is limited."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from agent.knowledge.fetch import Fetched, Fetcher, FetchError, networks_of
from tests.agent.knowledge.servers import site

LOOPBACK = networks_of("127.0.0.0/8 ::1")


def test_networks_are_read_from_the_setting() -> None:
    """A single address is a network, too."""
    assert networks_of("10.0.0.0/8 192.0.2.1") == [ip_network("10.0.0.0/8"), ip_network("192.0.2.1/32")]
    assert networks_of("") == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_not_connected_to(host: str) -> None:
    """It may be given as a number, or as a name that resolves to it."""
    async with site() as made:
        made.pages["/"] = ("text/plain", b"secret")
        port = made.url.rpartition(":")[2]
        with pytest.raises(FetchError, match="is not a public address; KNOWLEDGE_NETWORKS may allow it"):
            await Fetcher().fetch(f"http://{host}:{port}/")

        assert made.asked == []


class FirstIsPublic(Fetcher):
    """A fetcher that takes the first address for a public one."""

    count = 0

    def _check(self, text: str) -> None:
        self.count += 1
        if self.count > 1:
            super()._check(text)


async def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    """The address of each hop is checked."""
    async with site() as outside, site() as inside:
        outside.pages["/"] = f"{inside.url}/"
        inside.pages["/"] = ("text/plain", b"secret")
        with pytest.raises(FetchError, match="is not a public address"):
            await FirstIsPublic().fetch(f"{outside.url}/")

        assert (outside.asked, inside.asked) == (["/"], [])


async def test_a_proxy_is_not_asked_for_a_private_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy could reach it for us."""
    async with site() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        with pytest.raises(FetchError, match="is not a public address"):
            await Fetcher().fetch("http://10.0.0.1/")

        assert proxy.asked == []


async def test_an_allowed_network_is_reached() -> None:
    """Redirects within it are followed."""
    async with site() as made:
        made.pages |= {"/a": "/b", "/b": ("text/html", b"<p>From nine.</p>")}

        assert await Fetcher(LOOPBACK).fetch(f"{made.url}/a") == Fetched("html", b"<p>From nine.</p>")


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (("text/plain", b"x" * 101), "more than 100 bytes"),
        (("image/png", b"x"), "documents of the type image/png can't be read"),
        (500, "the answer was 500"),
        ("/", "redirects more than 5 times"),
        ("file:///etc/passwd", "redirects to file://"),
    ],
)
async def test_an_answer_that_can_not_be_used_is_an_error(page: tuple[str, bytes] | str | int, reason: str) -> None:
    """The reason goes to the log."""
    async with site() as made:
        made.pages["/"] = page
        with pytest.raises(FetchError, match=reason):
            await Fetcher(LOOPBACK, longest=100).fetch(f"{made.url}/")


async def test_a_server_that_is_down_is_an_error() -> None:
    """The reason does not quote the URL, which may contain a key."""
    async with site() as made:
        url = f"{made.url}/?key=secret"
    with pytest.raises(FetchError) as error:
        await Fetcher(LOOPBACK).fetch(url)

    assert str(error.value)
    assert "secret" not in str(error.value)

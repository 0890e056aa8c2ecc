"""Which client a request belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.web.clients import Proxies, client_of

if TYPE_CHECKING:
    from tests.agent.web.web_fakes import Site

PROXY, STRANGER = "10.0.0.1", "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_client_is_its_address_or_its_network(address: str, client: str) -> None:
    """An IPv6 host has more addresses in its network than could be remembered."""
    assert client_of(address) == client


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        (STRANGER, [], STRANGER),
        (STRANGER, ["192.0.2.1"], STRANGER),  # not one of our proxies
        (PROXY, ["192.0.2.1"], "192.0.2.1"),
        (PROXY, ["198.51.100.1, 192.0.2.1"], "192.0.2.1"),  # the client has invented the first one
        (PROXY, ["198.51.100.1", "192.0.2.1"], "192.0.2.1"),
        (PROXY, ["192.0.2.1, 10.9.9.9"], "192.0.2.1"),  # two of our proxies
        (PROXY, ["192.0.2.1:5678"], "192.0.2.1"),
        (PROXY, ["[2001:db8:1:2::5]:5678"], "2001:db8:1:2::/64"),
        (PROXY, ["2001:db8:1:2::5"], "2001:db8:1:2::/64"),
        (PROXY, [], PROXY),
        (PROXY, [" , "], PROXY),
        (PROXY, ["unknown"], "unknown"),
        (PROXY, ["["], "["),
    ],
)
def test_trusted_proxies_name_the_client(remote: str, forwarded: list[str], client: str) -> None:
    """Only the entries that they have added themselves count."""
    assert Proxies("10.0.0.0/8 2001:db8:ffff::1").client(remote, forwarded) == client


async def test_clients_behind_a_trusted_proxy_are_counted_separately(site: Site) -> None:
    """Without TRUSTED_PROXIES they would share the proxy's limit."""
    first, second = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    async with site.client(trusted_proxies="127.0.0.0/8") as client:
        statuses = [(await client.post("/api/call", headers=first)).status for _ in range(3)]
        statuses += [(await client.post("/api/call", headers=second)).status]
    assert statuses == [200, 200, 429, 200]


async def test_a_stranger_can_not_invent_clients(site: Site) -> None:
    """The header of an untrusted peer has no effect."""
    async with site.client() as client:
        statuses = [
            (await client.post("/api/call", headers={"X-Forwarded-For": f"192.0.2.{number}"})).status
            for number in range(3)
        ]
    assert statuses == [200, 200, 429]

"""Which addresses are reachable from outside."""

from ipaddress import ip_address

import pytest

from agent.rooms.reach import is_on_the_internet, is_public


@pytest.mark.parametrize(
    "url",
    [
        "wss://mine.livekit.cloud",
        "wss://livekit.example.com:7880/path",
        "ws://8.8.8.8:7880",
        "ws://[2606:4700::1111]:7880",
        "wss://internal.example.com.",
    ],
)
def test_a_public_address_is_reachable(url: str) -> None:
    """This holds for public IP addresses, and for names that a public name server may know."""
    assert is_on_the_internet(url)


@pytest.mark.parametrize(
    "url",
    [
        "ws://localhost:7880",
        "ws://LOCALHOST",
        "ws://livekit:7880",
        "ws://livekit.localhost",
        "ws://printer.local.",
        "ws://livekit.internal",
        "ws://livekit.default.svc.cluster.local",
        "ws://127.0.0.1:7880",
        "ws://10.0.0.7",
        "ws://172.17.0.1",
        "ws://192.168.1.2",
        "ws://169.254.169.254",
        "ws://100.64.0.1",
        "ws://0.0.0.0",
        "ws://[::1]:7880",
        "ws://[fe80::1]",
        "ws://[fd00::1]",
        "",
    ],
)
def test_an_address_of_a_private_network_is_not_reachable(url: str) -> None:
    """Such are loopback, private and link-local addresses, and names that no public name server knows."""
    assert not is_on_the_internet(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # metadata of cloud providers
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address that has to be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
    ],
)
def test_a_private_address_is_not_on_the_internet(address: str) -> None:
    """Its notation does not matter."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::6810:84e5", "64:ff9b::5db8:d822"])
def test_a_public_address_is_on_the_internet(address: str) -> None:
    """This holds for IPv4 and IPv6."""
    assert is_public(ip_address(address))

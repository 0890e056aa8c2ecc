"""Tells which addresses can be reached from the internet."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

# Domains that no public name server knows (RFC 6761, 6762 and 8375; ICANN keeps `internal` for private use).
_SPECIAL = ("localhost", "local", "internal", "home.arpa")

# IPv4 addresses within IPv6: RFC 6052, section 2.1.
_NAT64 = ip_network("64:ff9b::/96")


def is_on_the_internet(url: str) -> bool:
    """Return whether the URL's host may be reached from outside.

    Names are not looked up: every host that could be a public name is accepted, and every address that is not a
    loopback, private or link-local one.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return is_public(ip_address(host))
    except ValueError:
        return "." in host and not any(host == domain or host.endswith(f".{domain}") for domain in _SPECIAL)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address, or the IPv4 address that it carries, is on the public internet."""
    if isinstance(address, IPv6Address) and (inner := _carried(address)) is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)

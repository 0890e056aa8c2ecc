"""Tells which addresses can be reached from the internet."""

from ipaddress import ip_address
from urllib.parse import urlsplit

# Domains that no public name server knows (RFC 6761, 6762 and 8375; ICANN keeps `internal` for private use).
_SPECIAL = ("localhost", "local", "internal", "home.arpa")


def is_on_the_internet(url: str) -> bool:
    """Return whether the URL's host may be reached from outside.

    Names are not looked up: a host that is no loopback, private or link-local address, and could be a public name, will
    do.
    """
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not any(host == domain or host.endswith(f".{domain}") for domain in _SPECIAL)

"""HTTP sessions with one rule for proxies, which holds for REST calls and WebSockets alike.

The rule is that of curl and httpx: HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, in lower case (which wins) or upper case, and
NO_PROXY with names, suffixes, addresses, networks, ports and `*`. Loopback addresses never use a proxy, which could not
reach them, nor do 0.0.0.0 and [::], which are this machine too. aiohttp alone uses no proxy; with `trust_env` it uses
none for WebSockets, and knows neither ALL_PROXY nor ports and networks in NO_PROXY.
"""

import os
import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import aiohttp
from livekit.agents import get_job_context
from yarl import URL

from avatar.errors import ConfigurationError

_SCHEMES = {"http": "http", "ws": "http", "https": "https", "wss": "https"}
_PORTS = {"http": 80, "https": 443}
_SUPPORTED = {"http", "https"}
# A host with or without a port: `[::1]:80`, `example.com:80`, `10.0.0.1`, `::1`.
_ENTRY = re.compile(r"(?P<host>\[[^\]]+\]|[^\[\]:]+|[0-9a-f:.]+)(?::(?P<port>\d+))?")


def client_session(
    *, timeout: aiohttp.ClientTimeout | None = None, connector: aiohttp.BaseConnector | None = None
) -> aiohttp.ClientSession:
    """Open an HTTP session that follows the rule for proxies; close it after use.

    In a LiveKit job, the proxy given to its `AgentServer(http_proxy=...)` replaces the environment's.

    Args:
        timeout: For each request; default: aiohttp's own.
        connector: Default: aiohttp's own.
    """
    of_job = job_proxy()

    async def use_proxy(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        proxy = proxy_for(str(request.url), given=of_job) if request.proxy is None else None
        if proxy is not None:
            request.update_proxy(URL(proxy), None, None)
        return await handler(request)

    return aiohttp.ClientSession(timeout=timeout, connector=connector, middlewares=[use_proxy])


def proxy_for(url: str, *, given: str | None = None) -> str | None:
    """Return the address of the proxy for a URL; None for a direct connection.

    Args:
        url: With the scheme http, https, ws or wss.
        given: Replaces HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, but not NO_PROXY.

    Raises:
        ConfigurationError: The proxy is not an HTTP proxy, or its address is invalid.
    """
    parts, environment = urlsplit(url), getproxies()
    scheme = _SCHEMES.get(parts.scheme, "")
    name = scheme if environment.get(scheme) else "all"
    proxy = given or environment.get(name)
    if not proxy or not scheme or is_direct(parts, environment.get("no", "")):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if problem := _problem_of(proxy):
        message = f"{name.upper()}_PROXY {problem}"
        raise ConfigurationError(message)
    return proxy


def _problem_of(proxy: str) -> str:
    """Say why a proxy can't be used, without its password; empty if it can."""
    if (scheme := proxy.partition("://")[0].lower()) not in _SUPPORTED:
        return f"is a {scheme} proxy: only http:// proxies can be used"
    try:
        is_valid = bool(URL(proxy).host) and " " not in proxy
    except ValueError:
        is_valid = False
    if is_valid:
        return ""
    return "has no valid host and port: write http://host:port, and in a name or password @ as %40 and # as %23"


def is_direct(url: SplitResult, no_proxy: str) -> bool:
    """Return whether a URL needs no proxy: it is on this machine, or NO_PROXY names its host.

    Args:
        url: The target.
        no_proxy: Entries with commas or blanks between them: `*`, `example.com` (and every name that ends in
            `.example.com`), `10.0.0.1`, `10.0.0.0/8`, `::1`, each with or without a port.
    """
    host = (url.hostname or "").rstrip(".")
    address = _address(host)
    is_here = address is not None and (address.is_loopback or address.is_unspecified)
    if is_here or host == "localhost" or host.endswith(".localhost"):
        return True
    port = url.port or _PORTS.get(_SCHEMES.get(url.scheme, ""))
    return any(_names(entry.lower(), host, address, port) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _names(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int | None) -> bool:
    """Return whether an entry of NO_PROXY names a host."""
    if entry == "*":
        return True
    entry = entry.partition("://")[2].partition("/")[0] or entry.rstrip("/")
    if "/" in entry:
        return address is not None and _is_in(address, entry)
    found = _ENTRY.fullmatch(entry)
    if not found or (found["port"] and int(found["port"]) != port):
        return False
    name = found["host"].strip("[]").lstrip("*").strip(".")
    if address is not None:
        return _address(name) == address
    return host == name or host.endswith(f".{name}")


def _is_in(address: IPv4Address | IPv6Address, network: str) -> bool:
    try:
        return address in ip_network(network.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def job_proxy() -> str | None:
    """Return the proxy of the current job, unless the framework has read it from the environment itself."""
    context = get_job_context(required=False)
    proxy = None if context is None else context.proc.http_proxy
    return None if proxy in os.environ.values() else proxy

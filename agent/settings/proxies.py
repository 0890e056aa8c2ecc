"""Proxy variables, set so that the libraries that read them follow one rule (`avatar.http`).

httpx, in the OpenAI client, uses a proxy for loopback addresses, and fails on a SOCKS proxy even where it is not used.
LiveKit's SDK takes HTTPS_PROXY for `wss:` and HTTP_PROXY for `ws:`, in upper case before lower case, and knows neither
ALL_PROXY nor NO_PROXY (rust-sdks, livekit-net/src/native/proxy.rs).
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from agent.settings.values import clean
from avatar import ConfigurationError
from avatar.http import proxy_for

_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - connected to, not bound to
# What people write instead of a proxy when there is none.
_NONE = {"none", "direct", "off", "no", "false"}
_OF_ROOMS = {"wss": "https", "https": "https", "ws": "http", "http": "http"}


def cleaned_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to set: without quotes, with loopback in NO_PROXY, without an unused ALL_PROXY."""
    cleaned = {name: clean(value) for name, value in environment.items() if name.lower().endswith("_proxy")}
    cleaned = {name: "" if value.lower() in _NONE else value for name, value in cleaned.items()}
    used = {name.lower() for name, value in cleaned.items() if value} - {"no_proxy"}
    if not used:
        return cleaned
    # httpx takes only commas; others take blanks as well, and people write semicolons, bars, and quotes around a name.
    named = re.findall(r"[^\s,;|\"']+", cleaned.get("no_proxy") or cleaned.get("NO_PROXY", ""))
    completed = [*named, *(each for each in _LOOPBACK if each not in named)]
    cleaned["NO_PROXY"] = cleaned["no_proxy"] = ",".join(completed)
    if {"http_proxy", "https_proxy"} <= used:
        cleaned |= dict.fromkeys({"ALL_PROXY", "all_proxy"} & cleaned.keys(), "")
    return cleaned


def room_proxies(url: str) -> dict[str, str]:
    """Return the variables to set before this process joins a room, so that LiveKit's SDK follows the rule too.

    The SDK reads the upper-case variables; the lower-case ones, which everything else prefers, keep their values.

    Args:
        url: URL of the LiveKit server.

    Raises:
        ConfigurationError: The proxy is not an HTTP proxy.
    """
    scheme = _OF_ROOMS.get(urlsplit(url).scheme, "")
    if not scheme:
        return {}
    set_before, proxy = getproxies_environment().get(scheme, ""), proxy_for(url) or ""
    if not set_before and not proxy:
        return {}
    lower = {f"{scheme}_proxy": set_before} if set_before else {}
    return {f"{scheme.upper()}_PROXY": proxy, **lower}


def proxy_problems() -> list[str]:
    """List the problems of the proxies in the environment."""
    problems = []
    for url in ("https://example.com", "http://example.com"):
        try:
            proxy_for(url)
        except ConfigurationError as error:
            problems.append(str(error))
    return list(dict.fromkeys(problems))

"""Proxy variables for libraries that read them themselves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from agent.settings.proxies import cleaned_proxies, room_proxies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROXY = "http://proxy.test:3128"

JOIN = """
import asyncio, os, sys
from livekit import rtc
from agent.settings.proxies import room_proxies
async def main():
    os.environ.update(room_proxies(sys.argv[1]))
    try:
        await rtc.Room().connect(sys.argv[1], "a.b.c")
    except rtc.ConnectError:
        pass
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove all proxy settings."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ({}, {}),
        ({"NO_PROXY": "*"}, {"NO_PROXY": "*"}),
        (
            {"HTTPS_PROXY": f'"{PROXY}"'},
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "localhost,127.0.0.1,::1,0.0.0.0"},
        ),
        (
            {"http_proxy": PROXY, "NO_PROXY": "localhost, example.com"},
            {"http_proxy": PROXY, "NO_PROXY": "localhost,example.com,127.0.0.1,::1,0.0.0.0"},
        ),
        (
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "'10.0.0.0/8 .corp.test;[::1]|*.lan'"},
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8,.corp.test,[::1],*.lan,localhost,127.0.0.1,::1,0.0.0.0"},
        ),
        (
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "'.corp.test', \"10.0.0.1\""},
            {"HTTPS_PROXY": PROXY, "NO_PROXY": ".corp.test,10.0.0.1,localhost,127.0.0.1,::1,0.0.0.0"},
        ),
        ({"HTTPS_PROXY": "DIRECT", "http_proxy": "none"}, {"HTTPS_PROXY": "", "http_proxy": ""}),
        (
            {"HTTP_PROXY": PROXY, "https_proxy": PROXY, "all_proxy": "socks5://127.0.0.1:1080"},
            {"HTTP_PROXY": PROXY, "https_proxy": PROXY, "all_proxy": "", "NO_PROXY": "localhost,127.0.0.1,::1,0.0.0.0"},
        ),
        (
            {"HTTPS_PROXY": PROXY, "ALL_PROXY": "socks5://127.0.0.1:1080"},
            {
                "HTTPS_PROXY": PROXY,
                "ALL_PROXY": "socks5://127.0.0.1:1080",
                "NO_PROXY": "localhost,127.0.0.1,::1,0.0.0.0",
            },
        ),
    ],
)
def test_httpx_gets_the_same_rule(written: dict[str, str], used: dict[str, str]) -> None:
    """Quotes and unused SOCKS proxies are removed, and loopback is added to the exceptions."""
    cleaned = cleaned_proxies(written)
    lower = cleaned.pop("no_proxy", None)

    assert cleaned == used
    assert lower in {None, cleaned.get("NO_PROXY")}


@pytest.mark.parametrize(
    ("written", "url", "used"),
    [
        ({}, "wss://demo.livekit.cloud", {}),
        ({"HTTP_PROXY": PROXY}, "wss://demo.livekit.cloud", {}),
        ({"ALL_PROXY": PROXY}, "wss://demo.livekit.cloud", {"HTTPS_PROXY": PROXY}),
        (
            {"HTTPS_PROXY": "proxy.test:3128"},
            "wss://a.example",
            {"HTTPS_PROXY": PROXY, "https_proxy": "proxy.test:3128"},
        ),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "example"}, "wss://a.example", {"HTTPS_PROXY": "", "https_proxy": PROXY}),
        ({"HTTP_PROXY": PROXY}, "ws://127.0.0.1:7880", {"HTTP_PROXY": "", "http_proxy": PROXY}),
        ({"HTTP_PROXY": PROXY}, "", {}),
    ],
)
def test_livekits_sdk_gets_the_same_rule(
    environment: pytest.MonkeyPatch, written: dict[str, str], url: str, used: dict[str, str]
) -> None:
    """LiveKit's SDK reads the upper-case names; the lower-case ones keep their values for all other clients."""
    for name, value in written.items():
        environment.setenv(name, value)

    assert room_proxies(url) == used


class Listener:
    """A TCP server that records the first line of each connection, and closes it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Listener]:
        server = await asyncio.start_server(self._note, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _note(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append((await reader.readline()).decode().split("?")[0].strip())
        writer.close()


async def test_a_room_on_loopback_is_joined_without_the_proxy() -> None:
    """LiveKit's own SDK, which is tested here, would use the proxy although NO_PROXY names loopback."""
    async with Listener().running() as proxy, Listener().running() as livekit:
        address = f"http://127.0.0.1:{proxy.port}"
        joining = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", JOIN, f"ws://127.0.0.1:{livekit.port}"),
            env={**os.environ, "HTTP_PROXY": address, "HTTPS_PROXY": address, "NO_PROXY": "127.0.0.1"},
            stderr=asyncio.subprocess.DEVNULL,
        )
        await joining.wait()

    assert proxy.seen == []
    assert livekit.seen[0].startswith("GET /rtc"), json.dumps(livekit.seen)

"""livekit.yaml, read by the real LiveKit server, which refuses unknown names."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.livekit_build import find_or_build
from demo.livekit_server import DEV_API_KEY, DEV_API_SECRET
from demo.processes import answers, free_port, running
from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# If there is no server yet, it is built first.
pytestmark = pytest.mark.timeout(900)

CONFIG = str(ROOT / "livekit.yaml")
LOOPBACK = ["--bind", "127.0.0.1", "--node-ip", "127.0.0.1", "--rtc.enable_loopback_candidate", "--rtc.tcp_port", "0"]


@pytest.fixture
async def livekit_binary() -> Path:
    """Return the LiveKit server's program."""
    return await find_or_build(Console(stderr=True))


async def output_of(*command: str) -> str:
    """Run a command to its end and return its output (livekit-server always ends with status 0)."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode()


async def test_server_starts_with_the_configuration(livekit_binary: Path, tmp_path: Path) -> None:
    """The file as it stands is a working configuration; only addresses and ports are replaced here."""
    port, udp_port = free_port(), free_port()
    ports = ["--port", str(port), "--udp-port", str(udp_port)]
    keys = ["--keys", f"{DEV_API_KEY}: {DEV_API_SECRET}"]
    command = [str(livekit_binary), "--config", CONFIG, *LOOPBACK, *ports, *keys]

    async with running("LiveKit server", command, log=tmp_path / "server.log") as server:
        await server.wait_until(partial(answers, f"http://127.0.0.1:{port}/"), 20.0)


async def test_server_uses_the_documented_ports(livekit_binary: Path) -> None:
    """The ports are those of signalling, media over UDP, and media over TCP."""
    output = await output_of(str(livekit_binary), "--config", CONFIG, "ports")

    assert re.findall(r"\d{4}", output) == ["7880", "7881", "7882"]


async def test_server_does_not_start_without_a_key(livekit_binary: Path) -> None:
    """Without a key the configuration starts no server that is open to anyone."""
    output = await output_of(str(livekit_binary), "--config", CONFIG, "--bind", "127.0.0.1")

    assert "keys must be provided" in output

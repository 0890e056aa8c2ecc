"""The LiveKit server for development: its configuration, and that it runs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import api, rtc

from demo.livekit_server import LiveKitServer, server_config
from demo.processes import PortInUseError

if TYPE_CHECKING:
    from pathlib import Path


def test_config_stays_on_the_loopback_interface() -> None:
    """No address of another interface, no public STUN server, and no TCP fallback on all interfaces is configured."""
    config = server_config(7880, 7882, "devkey", "secret")

    assert config["bind_addresses"] == ["127.0.0.1"]
    assert config["rtc"] == {
        "udp_port": 7882,
        "tcp_port": 0,
        "use_external_ip": False,
        "node_ip": "127.0.0.1",
        "enable_loopback_candidate": True,
        "interfaces": {"includes": ["lo", "lo0"]},
        "stun_servers": ["127.0.0.1:9"],
    }


def test_the_config_dispatches_a_worker_on_a_busy_machine() -> None:
    """A worker reports a load of 1 at most; from `target_load` on it would get no jobs."""
    assert server_config(7880, 7882, "devkey", "secret")["agents"] == {"target_load": 2.0}


async def test_a_participant_can_join_and_the_server_ends_with_the_body(tmp_path: Path) -> None:
    """A token of its key joins; after the end the port is closed."""
    async with LiveKitServer(log_dir=tmp_path) as server:
        token = api.AccessToken(server.api_key, server.api_secret).with_identity("somebody")
        room = rtc.Room()
        await room.connect(server.url, token.with_grants(api.VideoGrants(room_join=True, room="test")).to_jwt())
        joined = room.isconnected()
        await room.disconnect()

    assert joined
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(server.url.replace("ws", "http"))


async def test_two_servers_run_at_the_same_time() -> None:
    """Each uses free ports."""
    async with LiveKitServer() as first, LiveKitServer() as second:
        assert first.url != second.url


async def test_server_is_not_started_when_its_port_is_taken() -> None:
    """The error is raised before the server starts."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortInUseError, match="LiveKit server"):
        await LiveKitServer(taken.getsockname()[1]).__aenter__()

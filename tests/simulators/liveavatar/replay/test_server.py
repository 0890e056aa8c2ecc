"""A recorded call over HTTP and a real WebSocket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from simulators.app import create_app
from simulators.arguments import parse_arguments
from simulators.liveavatar.replay import read_recording
from tests.simulators.liveavatar.client import StandIn, Wire, bearer
from tests.simulators.liveavatar.replay.recorded import example

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def replaying(path: Path) -> AsyncIterator[StandIn]:
    """Run `python -m simulators --replay` in this process."""
    options = parse_arguments(["--only", "liveavatar", "--replay", str(path)]).options
    async with TestServer(create_app(options)) as server, ClientSession() as http:
        yield StandIn(f"{server.make_url('/liveavatar')}", http)


async def test_recorded_call_is_replayed(tmp_path: Path) -> None:
    """The call has a token, a start, a WebSocket and a sentence."""
    path = tmp_path / "call.jsonl"
    path.write_text("\n".join(example()), encoding="utf-8")
    async with replaying(path) as stand_in:
        created = (await stand_in.post("/v1/sessions/token", {})).data
        started = await stand_in.post("/v1/sessions/start", headers=bearer(created["session_token"]))
        wire = Wire(await stand_in.http.ws_connect(started.data["ws_url"]))
        await wire.wait_for(state="connected")
        await wire.speak(0.4, "mine")
        await wire.wait_for("agent.speak_started", source_event_id="mine")
        await wire.send("agent.speak_end", "mine")
        await wire.wait_for("agent.speak_ended", source_event_id="mine")

    assert started.status == 201
    assert started.data["session_id"] == created["session_id"]
    assert started.headers["X-Stand-In"] == "liveavatar"


def test_invalid_recording_ends_the_program(tmp_path: Path) -> None:
    """The program ends with one line that names the file and the reason."""
    path = tmp_path / "call.jsonl"
    path.write_text("no JSON", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"call\.jsonl cannot be replayed: line 1 is not in the format"):
        parse_arguments(["--replay", str(path)])
    with pytest.raises(SystemExit, match="cannot be replayed"):
        parse_arguments(["--replay", str(tmp_path / "missing.jsonl")])


def test_recording_is_read_from_its_lines() -> None:
    """The lines are as a file gives them, with their line ends."""
    assert len(read_recording(f"{line}\n" for line in example()).calls) == 2

"""The WebSocket of a test call: what it sends, records and reports."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from agent.doctor.moments import Moments
from agent.doctor.wire import Wire
from avatar.errors import ConnectionLost
from avatar.recording import Recorder
from tests.avatar.fakes import LiteService
from tests.avatar.recording.recorded import lines_in


@asynccontextmanager
async def wire_to(service: LiteService, recorder: Recorder) -> AsyncIterator[tuple[Wire, Moments]]:
    """Open a WebSocket."""
    moments = Moments()
    async with (
        service.running_server() as url,
        aiohttp.ClientSession() as http,
        Wire(http, f"{url}/ws", recorder, moments) as wire,
    ):
        yield wire, moments


async def test_speech_is_sent_in_chunks_under_one_id() -> None:
    """The chunks are 400 ms, then a second each, then the end; an interrupt has its own id."""
    service = LiteService()
    async with wire_to(service, Recorder()) as (wire, moments):
        await wire.speak(bytes(2 * 48_000))
        await service.wait_for("agent.speak_end")
        await wire.interrupt()
        [interrupt] = await service.wait_for("agent.interrupt")
        assert await moments.wait_for("cleared", within=20.0)
    speech = service.of("agent.speak")

    assert [len(each["audio"]) * 3 // 4 for each in speech] == [19_200, 48_000, 28_800]
    assert len({each["event_id"] for each in [*speech, *service.of("agent.speak_end")]}) == 1
    assert interrupt["event_id"] != speech[0]["event_id"]


async def test_messages_of_the_service_are_reported_and_recorded(tmp_path: Path) -> None:
    """Both directions are recorded, from the handshake to the close."""
    service = LiteService()
    with Recorder.in_directory(tmp_path) as recorder:
        async with wire_to(service, recorder) as (wire, moments):
            assert await moments.wait_for("connected", within=20.0)
            await wire.speak(bytes(4_800))
            assert await moments.wait_for("started", within=20.0)
            assert await moments.wait_for("ended", within=20.0)
    lines = lines_in(tmp_path)

    assert (lines[0]["kind"], lines[0]["status"]) == ("open", 101)
    assert {line["message"]["type"] for line in lines if line["kind"] == "send"} == {"agent.speak", "agent.speak_end"}
    assert {line["message"]["type"] for line in lines if line["kind"] == "receive"} >= {"session.state_updated"}
    assert (lines[-1]["kind"], lines[-1]["by"]) == ("close", "client")


class Closes(LiteService):
    """A service that closes the connection after some garbage."""

    async def serve(self, socket: web.WebSocketResponse) -> None:
        for text in ("no JSON", "[1]", json.dumps({"type": 7})):
            await socket.send_str(text)
        await socket.close(code=4001)


async def test_a_close_by_the_service_is_reported_and_recorded(tmp_path: Path) -> None:
    """The code is recorded, and so is garbage before it."""
    with Recorder.in_directory(tmp_path) as recorder:
        async with wire_to(Closes(), recorder) as (_, moments):
            assert await moments.wait_for("closed", within=20.0)
    lines = lines_in(tmp_path)

    assert [line["kind"] for line in lines] == ["open", *["receive"] * 4, "close"]
    assert (lines[-1]["code"], lines[-1]["by"]) == (4001, "service")


class Refuses(LiteService):
    async def on_socket(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=403)


async def test_a_refused_websocket_is_reported_and_recorded(tmp_path: Path) -> None:
    """The recording has no URL, which is the credential."""
    with Recorder.in_directory(tmp_path) as recorder, pytest.raises(ConnectionLost, match="refused with 403"):
        async with wire_to(Refuses(), recorder):
            pass

    assert [(line["kind"], line["status"]) for line in lines_in(tmp_path)] == [("open", 403)]


async def test_an_unreachable_websocket_is_reported_and_recorded(tmp_path: Path) -> None:
    """The error is the product's own."""
    with Recorder.in_directory(tmp_path) as recorder:
        async with aiohttp.ClientSession() as http:
            with pytest.raises(ConnectionLost, match="can't be opened"):
                async with Wire(http, "ws://127.0.0.1:1/secret", recorder, Moments()):
                    pass

    assert [(line["kind"], line["status"]) for line in lines_in(tmp_path)] == [("open", None)]

"""The faults of Deepgram, as a client sees them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from aiohttp.test_utils import TestServer
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError
from livekit.plugins import deepgram as plugin

from simulators import deepgram
from simulators.faults import Fault, FaultPlan
from simulators.faults.calls import Status
from simulators.faults.places import CALLS
from simulators.faults.sockets import Close, Drop, HalfOpen, Lag, Silent
from simulators.speech import Recogniser, SpeechError
from simulators.speech.recogniser import RecognisedWord, Recognition

AUTH = {"Authorization": "Token stand-in"}
STREAM = {"encoding": "linear16", "sample_rate": "16000"}
BUZZ = (b"\x40\x1f" * 20 + b"\xc0\xe0" * 20) * 400
SPEECH = BUZZ + bytes(16_000)
BRIEF = aiohttp.ClientWSTimeout(ws_close=0.2)
VENDOR: dict[str, Any] = {"vendor": "deepgram"}


class OneWord(Recogniser):
    """A recogniser that returns one word for any audio."""

    async def recognise(self, pcm: bytes, rate_hz: int) -> Recognition:
        return Recognition("hello", 1.0, [RecognisedWord("hello", 0.0, 1.0, 1.0)], "demo")


class Broken(Recogniser):
    """A recogniser whose process has died twice."""

    async def recognise(self, pcm: bytes, rate_hz: int) -> Recognition:
        message = "pocketsphinx died twice on the same question"
        raise SpeechError(message)


@asynccontextmanager
async def streaming(
    *faults: Fault, recogniser: Recogniser | None = None
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a stream to a stand-in with these faults."""
    async with serving(*faults, recogniser=recogniser) as (server, session):
        url = server.make_url("/v1/listen")
        async with session.ws_connect(url, params=STREAM, headers=AUTH, timeout=BRIEF) as ws:
            yield ws


@asynccontextmanager
async def serving(
    *faults: Fault, recogniser: Recogniser | None = None
) -> AsyncIterator[tuple[TestServer, aiohttp.ClientSession]]:
    """Yield a stand-in with these faults, and a client's session."""
    app = deepgram.create_app(recogniser or OneWord(), api_key="stand-in", faults=FaultPlan(faults))
    server = TestServer(app)
    async with server, aiohttp.ClientSession() as session:
        yield server, session


async def speak(ws: aiohttp.ClientWebSocketResponse) -> None:
    """Send a word in pieces of 50 ms, as far as they are taken."""
    with suppress(ConnectionError):
        for at in range(0, len(SPEECH), 1600):
            await ws.send_bytes(SPEECH[at : at + 1600])
        await ws.send_json({"type": "CloseStream"})


async def transcripts(ws: aiohttp.ClientWebSocketResponse) -> list[str]:
    """Return the results until the socket closes."""
    messages = [json.loads(message.data) async for message in ws if message.type is WSMsgType.TEXT]
    return [message["channel"]["alternatives"][0]["transcript"] for message in messages if message["type"] == "Results"]


def test_calls_have_the_names_of_the_routes() -> None:
    """Each route is a call, and each call a route."""
    routes = deepgram.create_app(OneWord(), api_key="stand-in").router.routes()

    assert {route.name for route in routes} == set(CALLS["deepgram"])


@pytest.mark.parametrize("status", [401, 402, 429, 503])
async def test_upgrade_is_refused_with_a_status(status: int) -> None:
    """The error is in the vendor's headers, since a client sees no body of a failed upgrade."""
    fault = Status(**VENDOR, at="listen", status=status, code="ASKED", message="no")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with streaming(fault):
            pass

    assert refusal.value.status == status
    assert refusal.value.headers is not None
    assert refusal.value.headers["dg-error"] == "no"


@pytest.mark.parametrize(
    ("fault", "code"), [(Close(**VENDOR, at="received", nth=5), 1011), (Drop(**VENDOR, at="received", nth=5), 1006)]
)
async def test_stream_ends_in_the_middle(fault: Fault, code: int) -> None:
    """No further transcript comes."""
    async with streaming(fault) as ws:
        await speak(ws)
        assert await transcripts(ws) == []
        assert ws.close_code == code


async def test_silent_stream_takes_audio_and_says_nothing() -> None:
    """The stream takes all audio to the orderly end, and sends no transcript."""
    async with streaming(Silent(**VENDOR)) as ws:
        await speak(ws)
        assert await transcripts(ws) == []
        assert ws.close_code == 1000


async def test_half_open_stream_does_not_even_end() -> None:
    """The stream sends nothing, and does not answer a close."""
    async with streaming(HalfOpen(**VENDOR)) as ws:
        await speak(ws)
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.2)
        await ws.close()
        assert ws.close_code == 1006


async def test_late_results_are_complete() -> None:
    """All results come, late."""
    async with streaming(Lag(**VENDOR, seconds=0.3)) as ws:
        await speak(ws)
        assert await transcripts(ws) == ["hello"]


async def test_official_plugin_reports_the_fault() -> None:
    """For the plugin, a stream that is closed in the middle is an API error."""
    async with serving(Close(**VENDOR, at="received", nth=5, times=None)) as (server, session):
        stt = plugin.STT(api_key="stand-in", base_url=str(server.make_url("/v1/listen")), http_session=session)
        async with stt.stream(conn_options=APIConnectOptions(max_retry=0)) as stream:
            for at in range(0, len(SPEECH), 1600):
                stream.push_frame(rtc.AudioFrame(SPEECH[at : at + 1600], 16000, 1, 800))
            with pytest.raises(APIError):
                async for _ in stream:
                    pass


async def test_recogniser_that_dies_twice_is_the_vendors_error(caplog: pytest.LogCaptureFixture) -> None:
    """The stream closes with 1011, a recording is answered with 500, and the log has a line for each."""
    async with serving(recogniser=Broken()) as (server, session):
        url = server.make_url("/v1/listen")
        async with session.ws_connect(url, params=STREAM, headers=AUTH) as ws:
            await speak(ws)
            assert await transcripts(ws) == []
            assert ws.close_code == 1011
        async with session.post(url, params=STREAM, headers=AUTH, data=SPEECH) as response:
            assert response.status == 500
            assert (await response.json())["err_code"] == "INTERNAL_SERVER_ERROR"

    assert [(record.message, record.exc_info) for record in caplog.records] == [("recognition failed", None)] * 2

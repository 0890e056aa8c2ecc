"""The faults of ElevenLabs, as a client sees them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectOptions, APIError
from livekit.plugins import elevenlabs as plugin

from simulators import elevenlabs
from simulators.faults import Fault, FaultPlan
from simulators.faults.calls import Status
from simulators.faults.places import CALLS
from simulators.faults.sockets import Close, Drop, Lag, QuotaExceeded, Say, Silent
from simulators.speech import Speaker, SpeechError
from simulators.speech.speaker import Speech, Word

AUTH = {"xi-api-key": "stand-in"}
PCM = {"output_format": "pcm_24000"}
SPEECH = "/v1/text-to-speech/agent"
TWO_SENTENCES = "This is a sentence that can be spoken without trouble. Hello, this one cannot be spoken at all."
CHUNKS = 6
VENDOR: dict[str, Any] = {"vendor": "elevenlabs"}


class Hum(Speaker):
    """A speaker that hums a second for each text: six chunks with the pause after it."""

    async def synthesise(self, text: str, *, voice: str, rate_hz: int = 24000) -> Speech:
        return Speech(b"\x01\x00" * rate_hz, rate_hz, [Word(word, 0.0, 1.0) for word in text.split()])


class Broken(Hum):
    """A speaker whose process dies twice on `Hello`."""

    async def synthesise(self, text: str, *, voice: str, rate_hz: int = 24000) -> Speech:
        if "Hello" in text:
            message = "espeak-ng died twice on the same question"
            raise SpeechError(message)
        return await super().synthesise(text, voice=voice, rate_hz=rate_hz)


@asynccontextmanager
async def serving(
    *faults: Fault, speaker: Speaker | None = None
) -> AsyncIterator[tuple[TestServer, aiohttp.ClientSession]]:
    """Yield a stand-in with these faults that sends its audio without pacing, and a client's session."""
    app = elevenlabs.create_app(speaker or Hum(), api_key="stand-in", speed=1000.0, faults=FaultPlan(faults))
    server = TestServer(app)
    async with server, aiohttp.ClientSession() as session:
        yield server, session


@asynccontextmanager
async def speaking(*faults: Fault, speaker: Speaker | None = None) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Yield a socket on which a sentence was requested."""
    async with serving(*faults, speaker=speaker) as (server, session):
        url = server.make_url(f"{SPEECH}/stream-input")
        async with session.ws_connect(url, params=PCM, headers=AUTH) as ws:
            await ws.send_json({"text": "Hello. ", "flush": True})
            yield ws


async def chunks(ws: aiohttp.ClientWebSocketResponse, wanted: int = CHUNKS) -> int:
    """Return how many pieces of audio come, up to `wanted` or until the socket closes."""
    count = 0
    async for message in ws:
        count += message.type is WSMsgType.TEXT and bool(json.loads(message.data).get("audio"))
        if count == wanted:
            break
    return count


def test_calls_have_the_names_of_the_routes() -> None:
    """Each route is a call, and each call a route."""
    routes = elevenlabs.create_app(Hum(), api_key="stand-in").router.routes()

    assert {route.name for route in routes} == set(CALLS["elevenlabs"])


async def test_upgrade_is_refused_with_a_status() -> None:
    """Any status can be set, with the vendor's error body for a call over HTTP."""
    quota = Status(**VENDOR, at="stream", status=401, code="quota_exceeded", message="This request exceeds your quota.")
    async with serving(Status(**VENDOR, at="stream_input", status=503), quota) as (server, session):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(server.make_url(f"{SPEECH}/stream-input"), params=PCM, headers=AUTH)
        assert refusal.value.status == 503
        async with session.post(server.make_url(f"{SPEECH}/stream"), headers=AUTH) as response:
            assert response.status == 401
            assert (await response.json())["detail"]["status"] == "quota_exceeded"


@pytest.mark.parametrize(
    ("fault", "code"), [(Close(**VENDOR, at="sent", nth=3, code=1011), 1011), (Drop(**VENDOR, at="sent", nth=3), 1006)]
)
async def test_speech_is_cut_in_the_middle(fault: Fault, code: int) -> None:
    """Two pieces have come before."""
    async with speaking(fault) as ws:
        assert await chunks(ws) == 2
        assert ws.close_code == code


@pytest.mark.parametrize(("fault", "count"), [(Silent(**VENDOR), 0), (Silent(**VENDOR, at="sent", nth=4), 3)])
async def test_speech_hangs_or_stalls(fault: Fault, count: int) -> None:
    """No audio comes, or no more, and no error."""
    async with speaking(fault) as ws:
        assert count == 0 or await chunks(ws, wanted=count) == count
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0.2)


async def test_late_speech_is_complete() -> None:
    """Every piece comes."""
    async with speaking(Lag(**VENDOR, seconds=0.2)) as ws:
        assert await chunks(ws) == CHUNKS


async def test_quota_is_exceeded() -> None:
    """The vendor's message comes, then its close."""
    async with speaking(QuotaExceeded(**VENDOR, at="received")) as ws:
        told = await ws.receive_json()
        assert (told["error"], told["code"]) == ("quota_exceeded", 1008)
        assert await chunks(ws) == 0
        assert ws.close_code == 1008


async def test_any_error_of_the_vendor_can_be_sent() -> None:
    """The error is sent during the speech, which continues."""
    error = {"message": "Something went wrong.", "error": "server_error", "code": 1011}
    async with speaking(Say(**VENDOR, at="sent", nth=2, body=error)) as ws:
        assert (await ws.receive_json())["audio"]
        assert await ws.receive_json() == error
        assert await chunks(ws, CHUNKS - 1) == CHUNKS - 1


async def test_official_plugin_reports_the_fault() -> None:
    """For the plugin, an exceeded quota is an API error."""
    async with serving(QuotaExceeded(**VENDOR, at="received", times=None)) as (server, session):
        tts = plugin.TTS(
            api_key="stand-in", base_url=str(server.make_url("/v1")), encoding="pcm_24000", http_session=session
        )
        async with tts.stream(conn_options=APIConnectOptions(max_retry=0)) as stream:
            stream.push_text("Hello, can you hear me?")
            stream.end_input()
            with pytest.raises(APIError):
                async for _ in stream:
                    pass
        await tts.aclose()


async def test_speaker_that_dies_twice_is_the_vendors_error(caplog: pytest.LogCaptureFixture) -> None:
    """The socket closes with 1011, a call is answered with 500 or cut, and each is logged in one line."""
    async with speaking(speaker=Broken()) as ws:
        assert await chunks(ws) == 0
        assert ws.close_code == 1011
    async with serving(speaker=Broken()) as (server, session):
        url = server.make_url(f"{SPEECH}/stream")
        async with session.post(url, params=PCM, headers=AUTH, json={"text": "Hello."}) as response:
            assert response.status == 500
            assert (await response.json())["detail"]["status"] == "internal_server_error"
        async with session.post(url, params=PCM, headers=AUTH, json={"text": TWO_SENTENCES}) as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientError):
                await response.read()

    assert [(record.message, record.exc_info) for record in caplog.records] == [("synthesis failed", None)] * 3

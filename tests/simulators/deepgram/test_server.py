"""The stand-in's routes as any client sees them."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import WSMsgType
from aiohttp.test_utils import TestServer

pytestmark = pytest.mark.asyncio(loop_scope="package")

Say = Callable[[str], Awaitable[bytes]]
AUTH = {"Authorization": "Token stand-in"}
STREAM = {"encoding": "linear16", "sample_rate": "16000"}


async def _stream(
    server: TestServer, session: aiohttp.ClientSession, pcm: bytes, **query: str
) -> list[dict[str, object]]:
    """Return all messages for this audio."""
    async with session.ws_connect(server.make_url("/v1/listen"), params=STREAM | query, headers=AUTH) as ws:
        for at in range(0, len(pcm), 1600):
            await ws.send_bytes(pcm[at : at + 1600])
        await ws.send_json({"type": "CloseStream"})
        return [json.loads(message.data) async for message in ws]


@pytest.mark.parametrize("path", ["/v1/auth/token", "/v1/projects"])
async def test_a_key_can_be_checked(server: TestServer, session: aiohttp.ClientSession, path: str) -> None:
    """The right key gives 200; every answer says that it comes from a stand-in."""
    async with session.get(server.make_url(path), headers=AUTH) as response:
        assert response.status == 200
        assert response.headers["X-Stand-In"] == "deepgram"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Token other"}, {"Authorization": "Bearer stand-in"}])
async def test_any_other_key_is_refused_as_the_vendor_does(
    server: TestServer, session: aiohttp.ClientSession, header: dict[str, str]
) -> None:
    """The answer is 401 with Deepgram's error object and headers."""
    async with session.get(server.make_url("/v1/auth/token"), headers=header) as response:
        body = await response.json()
        assert response.status == 401
        assert (body["err_code"], body["err_msg"]) == ("INVALID_AUTH", "Invalid credentials.")
        assert response.headers["dg-request-id"] == body["request_id"]
        assert response.headers["X-Stand-In"] == "deepgram"


@pytest.mark.parametrize(
    "query",
    [
        {"encoding": "opus"},
        {"sample_rate": "loud"},
        {"channels": "2"},
        {"language": "de"},
        {"endpointing": "soon"},
    ],
)
async def test_an_unsupported_option_is_refused(
    server: TestServer, session: aiohttp.ClientSession, query: dict[str, str]
) -> None:
    """The refusal is 400 before the socket opens, with the reason in a header that a WebSocket client can read."""
    url = server.make_url("/v1/listen")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(url, params=STREAM | query, headers=AUTH)

    assert refused.value.status == 400
    assert refused.value.headers
    assert refused.value.headers["dg-error"].startswith("Bad Request: ")


async def test_events_come_in_the_vendors_order(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """The order is SpeechStarted, a final Results, UtteranceEnd after the silence, and Metadata at the end."""
    pcm = await say("tell me a story") + bytes(32000)
    messages = await _stream(server, session, pcm, vad_events="true", utterance_end_ms="1000")

    assert [message["type"] for message in messages] == ["SpeechStarted", "Results", "UtteranceEnd", "Metadata"]
    _, results, utterance_end, metadata = messages
    assert (results["is_final"], results["speech_final"]) == (True, True)
    assert results["channel_index"] == utterance_end["channel"] == [0, 1]
    assert metadata["sha256"] == hashlib.sha256(pcm).hexdigest()
    assert metadata["duration"] == pytest.approx(len(pcm) / 32000, abs=0.05)


async def test_without_interim_results_there_are_finals_only(
    server: TestServer, session: aiohttp.ClientSession, say: Say
) -> None:
    """The query has the option."""
    messages = await _stream(server, session, await say("tell me a story"), interim_results="false")

    assert [message.get("is_final") for message in messages] == [True, None]


async def test_the_answer_to_finalize_is_marked(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """The transcript that Finalize forced out has from_finalize."""
    async with session.ws_connect(server.make_url("/v1/listen"), params=STREAM, headers=AUTH) as ws:
        await ws.send_bytes((await say("stop please"))[:-15000])
        await ws.send_json({"type": "Finalize"})
        results = await ws.receive_json()

    assert results["from_finalize"] is True
    assert results["channel"]["alternatives"][0]["transcript"] == "stop please"


async def test_pings_do_not_keep_a_stream_open(
    server: TestServer, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends neither audio nor KeepAlive is closed with NET-0001."""
    monkeypatch.setattr("simulators.deepgram.listen._IDLE_TIMEOUT", 0.3)
    async with session.ws_connect(server.make_url("/v1/listen"), params=STREAM, headers=AUTH) as ws:

        async def ping() -> None:
            while not ws.closed:
                await ws.ping()
                await asyncio.sleep(0.05)

        pinging = asyncio.create_task(ping())
        closed = await asyncio.wait_for(ws.receive(), 5.0)
        pinging.cancel()

    assert (closed.data, closed.extra) == (1011, "NET-0001")


async def test_an_unknown_message_has_no_effect(server: TestServer, session: aiohttp.ClientSession) -> None:
    """Garbage between messages does not end the stream."""
    async with session.ws_connect(server.make_url("/v1/listen"), params=STREAM, headers=AUTH) as ws:
        for text in ("no json", "[]", '{"type": "Dance"}', '{"type": "KeepAlive"}', '{"type": "CloseStream"}'):
            await ws.send_str(text)
        assert (await ws.receive_json())["type"] == "Metadata"
        assert (await ws.receive()).type is WSMsgType.CLOSE


async def test_an_invalid_recording_is_refused(server: TestServer, session: aiohttp.ClientSession) -> None:
    """A body that is neither a WAV nor raw audio with its rate is a bad request."""
    for body in (b"RIFFnothing", b"\0\0"):
        async with session.post(server.make_url("/v1/listen"), data=body, headers=AUTH) as response:
            assert response.status == 400
            assert (await response.json())["err_code"] == "Bad Request"


async def test_raw_audio_is_a_recording_too(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """PCM without a header needs its rate in the query."""
    url = server.make_url("/v1/listen")
    async with session.post(url, params=STREAM, data=await say("wait a moment"), headers=AUTH) as response:
        body = await response.json()

    assert body["results"]["channels"][0]["alternatives"][0]["transcript"] == "wait a moment"

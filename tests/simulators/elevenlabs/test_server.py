"""The stand-in's routes as any client sees them."""

import base64
from collections import defaultdict

import aiohttp
import pytest
from aiohttp import WSMsgType
from aiohttp.test_utils import TestServer

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUTH = {"xi-api-key": "stand-in"}
PCM = {"output_format": "pcm_24000"}


async def _spoken(ws: aiohttp.ClientWebSocketResponse, *contexts: str) -> dict[str | None, str]:
    """Return the characters of each context, read until these contexts are final or the socket closes."""
    text: dict[str | None, str] = defaultdict(str)
    final = set()
    async for message in ws:
        data = message.json()
        name = data.get("contextId")
        if data["isFinal"]:
            final.add(name)
        else:
            assert len(base64.b64decode(data["audio"])) % 2 == 0
            text[name] += "".join((data["alignment"] or {"chars": []})["chars"])
        if contexts and final >= set(contexts):
            break
    return dict(text)


@pytest.mark.parametrize("path", ["/v1/user", "/v1/voices"])
async def test_a_key_can_be_checked(server: TestServer, session: aiohttp.ClientSession, path: str) -> None:
    """The right key gives 200, any other the vendor's 401; every answer says that it is a stand-in's."""
    async with session.get(server.make_url(path), headers=AUTH) as response:
        assert response.status == 200
    async with session.get(server.make_url(path), headers={"xi-api-key": "other"}) as response:
        assert response.status == 401
        assert response.headers["X-Stand-In"] == "elevenlabs"
        assert await response.json() == {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}


async def test_mp3_is_refused_with_the_reason(server: TestServer, session: aiohttp.ClientSession) -> None:
    """WebSocket and HTTP both say that the stand-in speaks pcm only, even if no format was named."""
    for query in ({"output_format": "mp3_44100_128"}, {}):
        url = server.make_url("/v1/text-to-speech/agent/stream")
        async with session.post(url, params=query, json={"text": "Hello."}, headers=AUTH) as response:
            assert response.status == 400
            assert "speaks pcm only" in (await response.json())["detail"]["message"]
        url = server.make_url("/v1/text-to-speech/agent/stream-input")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url, params=query, headers=AUTH)
        assert refused.value.status == 400


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}"])
async def test_a_body_without_text_is_refused(server: TestServer, session: aiohttp.ClientSession, body: bytes) -> None:
    """The status is 422, as for any invalid request."""
    url = server.make_url("/v1/text-to-speech/agent/stream")
    async with session.post(url, params=PCM, data=body, headers=AUTH) as response:
        assert response.status == 422


async def test_formats_differ_in_rate_only(server: TestServer, session: aiohttp.ClientSession) -> None:
    """The same text lasts as long in every format."""
    seconds = []
    for rate in (16000, 22050, 24000, 44100):
        url = server.make_url("/v1/text-to-speech/any-other-id/stream")
        query = {"output_format": f"pcm_{rate}"}
        async with session.post(url, params=query, json={"text": "Hello. Goodbye."}, headers=AUTH) as response:
            assert response.content_type == "audio/pcm"
            seconds.append(len(await response.read()) / (2 * rate))

    assert max(seconds) - min(seconds) < 0.001


async def test_a_single_text_ends_with_its_end_of_sequence(server: TestServer, session: aiohttp.ClientSession) -> None:
    """On `stream-input` come pieces of text, an empty one as the end, then isFinal and the close of the socket."""
    url = server.make_url("/v1/text-to-speech/caller/stream-input")
    async with session.ws_connect(url, params=PCM, headers=AUTH) as ws:
        for text in (" ", "Hello th", "ere. How ", "are you? ", ""):
            await ws.send_json({"text": text})

        assert await _spoken(ws) == {None: "Hello there. How are you? "}
        assert ws.close_code == 1000


async def test_contexts_on_one_socket_are_separate(server: TestServer, session: aiohttp.ClientSession) -> None:
    """Text of two contexts alternates, then both are closed: each message belongs to one of them."""
    url = server.make_url("/v1/text-to-speech/agent/multi-stream-input")
    async with session.ws_connect(url, params=PCM, headers=AUTH) as ws:
        for name, text in (("a", "One "), ("b", "Two "), ("a", "apple. "), ("b", "pears. ")):
            await ws.send_json({"context_id": name, "text": text})
        await ws.send_json({"close_socket": True})

        assert await _spoken(ws) == {"a": "One apple. ", "b": "Two pears. "}


async def test_flush_speaks_an_incomplete_sentence(server: TestServer, session: aiohttp.ClientSession) -> None:
    """Without it the words would wait for a full stop; the context stays open for more."""
    url = server.make_url("/v1/text-to-speech/agent/multi-stream-input")
    async with session.ws_connect(url, params=PCM, headers=AUTH) as ws:
        await ws.send_json({"context_id": "a", "text": "Well", "flush": True})
        first = await ws.receive_json()
        await ws.send_json({"context_id": "a", "text": "then"})
        await ws.send_json({"context_id": "a", "close_context": True})
        rest = await _spoken(ws, "a")

    assert first["isFinal"] is None
    assert "".join(first["alignment"]["chars"]) + rest["a"] == "Wellthen"


async def test_a_sixth_context_is_refused(server: TestServer, session: aiohttp.ClientSession) -> None:
    """With more than five at a time the vendor closes the socket."""
    url = server.make_url("/v1/text-to-speech/agent/multi-stream-input")
    async with session.ws_connect(url, params=PCM, headers=AUTH) as ws:
        for number in range(6):
            await ws.send_json({"context_id": str(number), "text": " "})
        told = await ws.receive_json()

        assert (told["error"], told["code"]) == ("max_active_conversations", 1008)
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert ws.close_code == 1008


async def test_an_inactive_socket_is_closed(server: TestServer, session: aiohttp.ClientSession) -> None:
    """After the inactivity timeout the vendor sends a message and closes."""
    url = server.make_url("/v1/text-to-speech/agent/multi-stream-input")
    async with session.ws_connect(url, params=PCM | {"inactivity_timeout": "1"}, headers=AUTH) as ws:
        assert (await ws.receive_json())["error"] == "input_timeout_exceeded"


@pytest.mark.parametrize("message", ["no json", "[]", '{"text": 1}'])
async def test_garbage_closes_the_socket_with_a_reason(
    server: TestServer, session: aiohttp.ClientSession, message: str
) -> None:
    """A malformed message is answered with an error, not with a crash."""
    url = server.make_url("/v1/text-to-speech/agent/stream-input")
    async with session.ws_connect(url, params=PCM, headers=AUTH) as ws:
        await ws.send_str(message)
        assert (await ws.receive_json())["error"] == "invalid_message"

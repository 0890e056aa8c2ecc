"""LiveKit's own plugin for Flux, unmodified, against the stand-in's `/v2/listen`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIStatusError, stt
from livekit.agents.stt import SpeechEventType
from livekit.plugins import deepgram

if TYPE_CHECKING:
    from aiohttp.test_utils import TestServer

pytestmark = pytest.mark.asyncio(loop_scope="package")

Say = Callable[[str], Awaitable[bytes]]
ONCE = APIConnectOptions(max_retry=0, timeout=10)
FLUX = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": "16000", "eager_eot_threshold": "0.5"}
SILENCE = bytes(2 * 16000)  # a second


def flux(server: TestServer, session: aiohttp.ClientSession, **options: Any) -> deepgram.STTv2:
    """Return the plugin, connected to the stand-in."""
    url = str(server.make_url("/v2/listen")).replace("http", "ws", 1)
    return deepgram.STTv2(api_key="stand-in", base_url=url, http_session=session, **options)


async def events_of(stream: stt.RecognizeStream, pcm: bytes) -> list[stt.SpeechEvent]:
    """Return the plugin's events for this audio, without usage reports."""
    for at in range(0, len(pcm), 1600):
        piece = pcm[at : at + 1600]
        stream.push_frame(rtc.AudioFrame(piece, 16000, 1, len(piece) // 2))
    stream.end_input()
    return [event async for event in stream if event.type is not SpeechEventType.RECOGNITION_USAGE]


async def test_a_turn_has_an_eager_end_and_an_end(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """An answer is prepared at the eager end; the turn's final text is the same."""
    speech = await say("what is the weather like in paris tomorrow") + SILENCE
    async with flux(server, session, eager_eot_threshold=0.5).stream(conn_options=ONCE) as stream:
        events = await events_of(stream, speech)

    kinds = [event.type for event in events]
    assert kinds[0] is SpeechEventType.START_OF_SPEECH
    assert kinds[-3:] == [
        SpeechEventType.PREFLIGHT_TRANSCRIPT,
        SpeechEventType.FINAL_TRANSCRIPT,
        SpeechEventType.END_OF_SPEECH,
    ]
    texts = [event.alternatives[0].text for event in events[-3:-1]]
    assert texts == ["what is the weather like in paris tomorrow"] * 2


async def test_without_eager_ends_there_is_one_end(
    server: TestServer, session: aiohttp.ClientSession, say: Say
) -> None:
    """As at the service, a client has to ask for eager ends."""
    async with flux(server, session).stream(conn_options=ONCE) as stream:
        events = await events_of(stream, await say("tell me a story") + SILENCE + await say("stop please") + SILENCE)

    finals = [event.alternatives[0].text for event in events if event.type is SpeechEventType.FINAL_TRANSCRIPT]
    assert finals == ["tell me a story", "stop please"]
    assert SpeechEventType.PREFLIGHT_TRANSCRIPT not in [event.type for event in events]


async def exchanged(
    server: TestServer, session: aiohttp.ClientSession, audio: bytes, *commands: str
) -> list[dict[str, Any]]:
    """Return the stand-in's messages for audio and commands, until it closes the stream."""
    headers = {"Authorization": "Token stand-in"}
    async with session.ws_connect(server.make_url("/v2/listen"), params=FLUX, headers=headers) as ws:
        for at in range(0, len(audio), 1600):
            await ws.send_bytes(audio[at : at + 1600])
        for command in (*commands, "CloseStream"):
            await ws.send_str(json.dumps({"type": command}))
        return [json.loads(message.data) async for message in ws]


async def test_a_pause_is_not_the_end_of_a_turn(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """A turn that continues after an eager end is resumed; the numbers of messages and turns go up."""
    first, second = (await say("tell me a story"))[:-16000], (await say("about a cat"))[16000:]
    pause = bytes(2 * int(16000 * 0.45))
    told = await exchanged(server, session, first + pause + second + SILENCE + await say("thank you") + SILENCE)
    infos = [message for message in told if message["type"] == "TurnInfo"]
    of_first = [info["event"] for info in infos if info["turn_index"] == 0 and info["event"] != "Update"]

    assert told[0]["type"] == "Connected"
    assert of_first == ["StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EagerEndOfTurn", "EndOfTurn"]
    assert [info["sequence_id"] for info in infos] == list(range(1, len(infos) + 1))
    assert infos[-1]["turn_index"] == 1


async def test_a_turn_ends_on_command(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """A commanded end needs no silence; thresholds can be set during the stream, and silence alone is not a turn."""
    speech = (await say("wait a moment"))[:-15000]
    told = await exchanged(server, session, speech, "ForceEndTurn", "Configure")

    assert [message.get("event", message["type"]) for message in told][-2:] == ["EndOfTurn", "ConfigureSuccess"]
    assert [message["type"] for message in await exchanged(server, session, SILENCE)] == ["Connected"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"model": "nova-3"}, "No such model/language combination found."),
        ({"language": "en"}, "language is not a parameter"),
        ({"eager_eot_threshold": "0.95"}, "eager_eot_threshold must be 0.3 to 0.9"),
        ({"eager_eot_threshold": "0.8"}, "must not exceed eot_threshold"),
        ({"encoding": "opus"}, "linear16 only"),
    ],
)
async def test_an_unsupported_parameter_is_400(
    server: TestServer, session: aiohttp.ClientSession, changed: dict[str, str], problem: str
) -> None:
    """The reason is in a header, for clients that see no body of a failed upgrade."""
    headers = {"Authorization": "Token stand-in"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(server.make_url("/v2/listen"), params=FLUX | changed, headers=headers)

    assert refused.value.status == 400
    assert refused.value.headers is not None
    assert problem in refused.value.headers["dg-error"]


async def test_a_wrong_key_is_401(server: TestServer, session: aiohttp.ClientSession) -> None:
    """The plugin's error has the status of the real service's answer."""
    source = flux(server, session)
    source._api_key = "wrong"
    async with source.stream(conn_options=ONCE) as stream:
        with pytest.raises(APIStatusError) as raised:
            await events_of(stream, SILENCE)

    assert raised.value.status_code == 401

"""LiveKit's own Deepgram plugin, unmodified, against the stand-in."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from livekit import rtc
from livekit.agents import APIConnectOptions, APIStatusError, stt
from livekit.agents.stt import SpeechEventType
from livekit.plugins import deepgram

pytestmark = pytest.mark.asyncio(loop_scope="package")

Say = Callable[[str], Awaitable[bytes]]
ONCE = APIConnectOptions(max_retry=0, timeout=10)


def _stt(server: TestServer, session: aiohttp.ClientSession, api_key: str = "stand-in") -> deepgram.STT:
    return deepgram.STT(api_key=api_key, base_url=str(server.make_url("/v1/listen")), http_session=session)


def _frames(pcm: bytes) -> list[rtc.AudioFrame]:
    """50 ms each."""
    return [rtc.AudioFrame(piece, 16000, 1, len(piece) // 2) for piece in _pieces(pcm)]


def _pieces(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + 1600] for at in range(0, len(pcm), 1600)]


async def _events(stream: stt.RecognizeStream) -> list[stt.SpeechEvent]:
    """Return all events except usage reports."""
    return [event async for event in stream if event.type is not SpeechEventType.RECOGNITION_USAGE]


async def test_speech_becomes_text_interim_first(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """For a phrase in 50 ms frames the plugin reports its start, interim results, a final result, and its end."""
    async with _stt(server, session).stream(conn_options=ONCE) as stream:
        for frame in _frames(await say("what is the weather like in paris tomorrow")):
            stream.push_frame(frame)
        stream.end_input()
        events = await _events(stream)

    kinds = [event.type for event in events]
    assert kinds[0] is SpeechEventType.START_OF_SPEECH
    assert SpeechEventType.INTERIM_TRANSCRIPT in kinds[1:-2]
    assert kinds[-2:] == [SpeechEventType.FINAL_TRANSCRIPT, SpeechEventType.END_OF_SPEECH]
    (final,) = events[-2].alternatives
    assert final.text == "what is the weather like in paris tomorrow"
    assert final.confidence > 0.5
    assert final.words
    assert [str(word) for word in final.words] == final.text.split()
    assert 0.3 < final.start_time < 0.7


async def test_two_phrases_are_two_finals_in_order(
    server: TestServer, session: aiohttp.ClientSession, say: Say
) -> None:
    """Speech after a pause is an utterance of its own, on the same clock."""
    async with _stt(server, session).stream(conn_options=ONCE) as stream:
        for frame in _frames(await say("tell me a story") + await say("stop please")):
            stream.push_frame(frame)
        stream.end_input()
        events = await _events(stream)

    finals = [event.alternatives[0] for event in events if event.type is SpeechEventType.FINAL_TRANSCRIPT]
    assert [final.text for final in finals] == ["tell me a story", "stop please"]
    assert finals[0].end_time < finals[1].start_time


async def test_flush_finalizes_the_utterance(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """Finalize does not wait for silence."""
    speech = (await say("wait a moment"))[:-15000]
    async with _stt(server, session).stream(conn_options=ONCE) as stream:
        for frame in _frames(speech):
            stream.push_frame(frame)
        stream.flush()
        async for event in stream:
            if event.type is SpeechEventType.FINAL_TRANSCRIPT:
                break

    assert event.alternatives[0].text == "wait a moment"


async def test_a_recording_is_recognised_whole(server: TestServer, session: aiohttp.ClientSession, say: Say) -> None:
    """The prerecorded form takes several sentences at once."""
    frames = _frames(await say("who are you") + await say("thank you goodbye"))
    event = await _stt(server, session).recognize(frames, conn_options=ONCE)

    assert event.alternatives[0].text == "who are you thank you goodbye"


async def test_a_wrong_key_is_401(server: TestServer, session: aiohttp.ClientSession) -> None:
    """The plugin's error has the status of the real service's answer."""
    async with _stt(server, session, api_key="wrong").stream(conn_options=ONCE) as stream:
        with pytest.raises(APIStatusError) as raised:
            await _events(stream)

    assert raised.value.status_code == 401

"""LiveKit's own ElevenLabs plugin, unmodified, against the stand-in."""

import asyncio

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectOptions, APIStatusError
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.voice.io import TimedString
from livekit.plugins import elevenlabs

pytestmark = pytest.mark.asyncio(loop_scope="package")

ONCE = APIConnectOptions(max_retry=0, timeout=10)


def _tts(
    server: TestServer, session: aiohttp.ClientSession, *, api_key: str = "stand-in", voice_id: str = "agent"
) -> elevenlabs.TTS:
    return elevenlabs.TTS(
        api_key=api_key,
        voice_id=voice_id,
        base_url=str(server.make_url("/v1")),
        encoding="pcm_24000",
        http_session=session,
    )


async def _speak(tts: elevenlabs.TTS, *pieces: str) -> tuple[bytes, list[TimedString]]:
    """Return the audio and the timed words of one stream."""
    pcm, words = bytearray(), list[TimedString]()
    async with tts.stream(conn_options=ONCE) as stream:
        for piece in pieces:
            stream.push_text(piece)
        stream.end_input()
        async for audio in stream:
            assert (audio.frame.sample_rate, audio.frame.num_channels) == (24000, 1)
            pcm += audio.frame.data.tobytes()
            words += audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    return bytes(pcm), words


async def test_streamed_text_is_spoken_with_timed_words(server: TestServer, session: aiohttp.ClientSession) -> None:
    """Text in pieces becomes 24 kHz sound, and every word has its time in it, across sentences."""
    tts = _tts(server, session)
    pcm, words = await _speak(tts, "Hello, can you ", "hear me? It is ", "sunny in Paris.")
    await tts.aclose()

    assert np.abs(np.frombuffer(pcm, np.int16)).max() > 5000
    assert "".join(words).split() == ["Hello,", "can", "you", "hear", "me?", "It", "is", "sunny", "in", "Paris."]
    starts = [word.start_time for word in words if isinstance(word.start_time, float)]
    assert len(starts) == len(words)
    assert starts == sorted(starts)
    assert 2.0 < starts[-1] < len(pcm) / 48000


async def test_the_one_shot_form_is_spoken(server: TestServer, session: aiohttp.ClientSession) -> None:
    """`synthesize` uses HTTP: the same sound in one answer."""
    tts = _tts(server, session)
    async with tts.synthesize("Hello, can you hear me?", conn_options=ONCE) as stream:
        frame = await stream.collect()
    await tts.aclose()

    assert frame.sample_rate == 24000
    assert 1.5 < frame.duration < 3.0


async def test_streams_at_the_same_time_do_not_mix(server: TestServer, session: aiohttp.ClientSession) -> None:
    """Two contexts on the plugin's one socket each get their own words and their own sound."""
    tts = _tts(server, session)
    short, long = "One two three.", "This one takes a little longer to say. And then there is more."
    alone = [len((await _speak(tts, text))[0]) for text in (short, long)]
    together = await asyncio.gather(_speak(tts, short), _speak(tts, long))
    await tts.aclose()

    assert ["".join(words).split() for _, words in together] == [short.split(), long.split()]
    assert [len(pcm) for pcm, _ in together] == alone


async def test_a_second_turn_uses_the_same_socket(server: TestServer, session: aiohttp.ClientSession) -> None:
    """A finished context leaves the connection usable."""
    tts = _tts(server, session)
    first, second = [await _speak(tts, "Hello.") for _ in range(2)]
    await tts.aclose()

    assert first[1]
    assert len(first[0]) == len(second[0])


async def test_a_wrong_key_is_401_in_both_forms(server: TestServer, session: aiohttp.ClientSession) -> None:
    """The plugin's error has the status of the real service's answer."""
    tts = _tts(server, session, api_key="wrong")
    with pytest.raises(APIStatusError) as streaming:
        await _speak(tts, "Hello.")
    with pytest.raises(APIStatusError) as one_shot:
        await tts.synthesize("Hello.", conn_options=ONCE).collect()
    await tts.aclose()

    assert (streaming.value.status_code, one_shot.value.status_code) == (401, 401)

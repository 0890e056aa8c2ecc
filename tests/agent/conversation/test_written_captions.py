"""Captions in the script of the written text, whatever the voice reports about its pronunciation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectOptions
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.utils import http_context

from agent.conversation.pipeline import build_tts
from agent.persona import Persona
from agent.settings import load_settings
from agent.speech.written import WrittenWords
from simulators.elevenlabs import create_app
from simulators.speech import Speaker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ONCE = APIConnectOptions(max_retry=0, timeout=20)


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """Run the stand-in with its own speech synthesiser."""
    async with Speaker() as speaker:
        running = TestServer(create_app(speaker, api_key="stand-in", speed=1000.0))
        async with running:
            yield running


async def captions(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, model: str, language: str, text: str
) -> list[Any]:
    """Return the words of a text with the times that the product's voice gives them."""
    monkeypatch.setenv("STAND_INS_URL", str(server.make_url("")))
    monkeypatch.setenv("ELEVEN_MODEL", model)
    tts = build_tts(load_settings(), Persona(name="x", instructions="y", language=language))
    tts._opts.base_url = str(server.make_url("/v1"))
    written, words = WrittenWords(), []
    async with http_context.open(), tts.stream(conn_options=ONCE) as stream:
        written.push(text)
        stream.push_text(text)
        stream.end_input()
        async for audio in stream:
            words += written.take(audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT) or [])
        await tts.aclose()
    return words


@pytest.mark.parametrize(
    ("model", "language", "text"),
    [
        ("eleven_flash_v2_5", "zh", "春天来了，公园里的花都开了。孩子们在跑。"),
        ("eleven_flash_v2_5", "multi", "春天来了。"),
        ("eleven_multilingual_v2", "ja", "今日はとても良い天気ですね。散歩に行きましょう。"),
        ("eleven_multilingual_v2", "ko", "안녕하세요. 날씨가 좋네요."),
        ("eleven_flash_v2_5", "en", "It costs $1,299.\nThat is 5 % more."),
    ],
)
async def test_captions_are_as_written(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, model: str, language: str, text: str
) -> None:
    """Each word has a time, and together they are exactly the text, spaces included."""
    words = await captions(server, monkeypatch, model, language, text)

    assert "".join(words) == text
    assert [word.start_time for word in words] == sorted(word.start_time for word in words)

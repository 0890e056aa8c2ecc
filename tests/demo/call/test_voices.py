"""The caller's voice and its speech recognition, against servers that answer as the stand-ins do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from demo.call.levels import RATE_HZ
from demo.call.voices import StandIns
from demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TONE = (6000 * np.sin(np.arange(RATE_HZ) / 40)).astype(np.int16)
QUIET = np.zeros(RATE_HZ, np.int16)


async def speak(request: web.Request) -> web.Response:
    """Answer with a tone between two silences if the request has ElevenLabs' form."""
    asked = (request.query["output_format"], request.headers["xi-api-key"], (await request.json())["text"])
    if asked != ("pcm_48000", "stand-in", "hello"):
        return web.Response(status=400, text=f"asked: {asked}")
    return web.Response(body=np.concatenate([QUIET, TONE, QUIET]).tobytes())


async def listen(request: web.Request) -> web.Response:
    """Answer as Deepgram does, with the number of bytes and their format."""
    if request.headers["Authorization"] != "Token stand-in":
        return web.json_response({"err_code": "INVALID_AUTH"}, status=401)
    text = f"{len(await request.read())} bytes of {request.query['encoding']} at {request.query['sample_rate']}"
    return web.json_response({"results": {"channels": [{"alternatives": [{"transcript": text}]}]}})


@pytest.fixture
async def stand_ins() -> AsyncIterator[StandIns]:
    """Run both servers and yield the caller's client of them."""
    app = web.Application(client_max_size=2**22)
    app.router.add_post("/elevenlabs/v1/text-to-speech/caller", speak)
    app.router.add_post("/deepgram/v1/listen", listen)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        yield StandIns(http, str(server.make_url("")).rstrip("/"))


async def test_speech_is_trimmed(stand_ins: StandIns) -> None:
    """Speech comes at 48 kHz, with the voice `caller`, without the quiet around it."""
    assert len(await stand_ins.speak("hello")) == pytest.approx(RATE_HZ, abs=0.1 * RATE_HZ)


async def test_words_are_recognised_from_raw_samples(stand_ins: StandIns) -> None:
    """A sample has two bytes, and the rate is in the query."""
    assert await stand_ins.recognise(TONE) == "96000 bytes of linear16 at 48000"


async def test_a_long_answer_is_recognised_in_one_piece(stand_ins: StandIns) -> None:
    """The answer has more than a megabyte; aiohttp warns about that size unless it is a file."""
    assert await stand_ins.recognise(np.tile(TONE, 12)) == "1152000 bytes of linear16 at 48000"


async def test_nothing_is_recognised_in_silence(stand_ins: StandIns) -> None:
    """An answer that was not heard has no words."""
    assert await stand_ins.recognise(QUIET) == ""
    assert await stand_ins.recognise(QUIET[:0]) == ""


async def test_the_error_names_the_stand_in_that_refuses(stand_ins: StandIns) -> None:
    """The error has the status and the message of the reply."""
    with pytest.raises(DemoError, match="stand-in for ElevenLabs answered 400: asked"):
        await stand_ins.speak("something else")

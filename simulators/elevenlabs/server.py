"""ElevenLabs' routes."""

from __future__ import annotations

import hmac
import json
import logging
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.elevenlabs.speaking import Pace, Voice
from simulators.elevenlabs.stream_input import StreamInput
from simulators.elevenlabs.text import split_sentences
from simulators.elevenlabs.voices import load_voices, voice_for
from simulators.faults import FaultPlan
from simulators.faults.injection import INJECTION, cut
from simulators.faults.middleware import install
from simulators.faults.socket import FaultySocket
from simulators.speech import SpeechError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from simulators.faults.calls import Status
    from simulators.speech import Speaker

logger = logging.getLogger(__name__)

_SPEAKER: web.AppKey[Speaker] = web.AppKey("speaker")
_API_KEY: web.AppKey[str] = web.AppKey("api_key")
_PACE: web.AppKey[Pace] = web.AppKey("pace")
_FORMATS = {f"pcm_{rate}": rate for rate in (8000, 16000, 22050, 24000, 44100, 48000)}
_SPEECH = "/v1/text-to-speech/{voice_id}"
_VENDOR_DEFAULT_FORMAT = "mp3_44100_128"
_VENDOR_DEFAULT_INACTIVITY = 20.0
_LONGEST_INACTIVITY = 180.0


def create_app(
    speaker: Speaker,
    *,
    api_key: str,
    first_byte: float = 0.0,
    speed: float = 20.0,
    faults: FaultPlan | None = None,
) -> web.Application:
    """Make the stand-in as an application, which can be mounted anywhere.

    Args:
        speaker: Started and closed by the caller.
        api_key: The one key that is accepted.
        first_byte: Seconds from text to the first audio of a context.
        speed: Multiple of real time at which audio is sent.
        faults: The faults; None for none.
    """
    app = web.Application(middlewares=[_authenticate])
    app[_SPEAKER] = speaker
    app[_API_KEY] = api_key
    app[_PACE] = Pace(first_byte, speed)
    app.on_response_prepare.append(_sign)
    app.add_routes(
        [
            web.get(f"{_SPEECH}/stream-input", partial(_stream_input, is_multi=False), name="stream_input"),
            web.get(f"{_SPEECH}/multi-stream-input", partial(_stream_input, is_multi=True), name="multi_stream_input"),
            web.post(f"{_SPEECH}/stream", _stream, name="stream"),
            web.post(_SPEECH, _stream, name="speech"),
            web.get("/v1/voices", _voices, name="voices"),
            web.get("/v1/user", _user, name="user"),
        ]
    )
    install(app, faults or FaultPlan(), "elevenlabs", _refuse_as_asked)
    return app


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Stand-In"] = "elevenlabs"


@web.middleware
async def _authenticate(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    key = request.headers.get("xi-api-key", "")
    if not hmac.compare_digest(key.encode(), request.app[_API_KEY].encode()):
        raise _refuse(web.HTTPUnauthorized, "invalid_api_key", "Invalid API key")
    return await handler(request)


async def _stream_input(request: web.Request, *, is_multi: bool) -> web.StreamResponse:
    new_voice = partial(_voice, request)
    new_voice()  # refuses a format before the socket is open
    ws = FaultySocket(request.app[INJECTION], compress=False)
    await ws.prepare(request)
    await StreamInput(
        ws,
        new_voice,
        is_multi=is_multi,
        auto_mode=request.query.get("auto_mode") == "true",
        inactivity_timeout=_inactivity_timeout(request.query),
    ).run()
    await ws.close()
    return ws


async def _stream(request: web.Request) -> web.StreamResponse:
    voice = _voice(request)
    text = await _text(request)
    response = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
    try:
        async for pcm in _speech(voice, text):
            if not response.prepared:
                await response.prepare(request)
            await response.write(pcm)
    except SpeechError as error:
        logger.warning("synthesis failed", extra={"error": str(error)})
        if not response.prepared:
            raise _refuse(web.HTTPInternalServerError, "internal_server_error", "Speech synthesis failed.") from error
        cut(request)
    return response


async def _speech(voice: Voice, text: str) -> AsyncIterator[bytes]:
    for sentence in split_sentences(text):
        async for chunk in voice.speak(sentence):
            yield chunk.pcm


async def _text(request: web.Request) -> str:
    try:
        return str((await request.json())["text"])
    except (ValueError, TypeError, LookupError) as error:
        raise _refuse(web.HTTPUnprocessableEntity, "invalid_request", "body.text: Field required") from error


def _voice(request: web.Request) -> Voice:
    output_format = request.query.get("output_format", _VENDOR_DEFAULT_FORMAT)
    if output_format not in _FORMATS:
        told = f"This stand-in speaks pcm only, not {output_format}: choose one of {', '.join(_FORMATS)}."
        raise _refuse(web.HTTPBadRequest, "output_format_not_allowed", told)
    name = voice_for(request.match_info["voice_id"])
    return Voice(request.app[_SPEAKER], name, rate_hz=_FORMATS[output_format], pace=request.app[_PACE])


def _inactivity_timeout(query: Mapping[str, str]) -> float:
    value = query.get("inactivity_timeout", "")
    return min(float(value), _LONGEST_INACTIVITY) if value.isdecimal() else _VENDOR_DEFAULT_INACTIVITY


async def _voices(_request: web.Request) -> web.Response:
    voices = [
        {
            "voice_id": voice["voice_id"],
            "name": voice["name"],
            "category": "premade",
            "labels": {"gender": voice["gender"]},
        }
        for voice in load_voices()
    ]
    return web.json_response({"voices": voices})


async def _user(_request: web.Request) -> web.Response:
    subscription = {"tier": "stand-in", "character_count": 0, "character_limit": 1_000_000, "status": "active"}
    return web.json_response({"user_id": "stand-in", "subscription": subscription})


def _refuse(kind: type[web.HTTPError], status: str, message: str) -> web.HTTPError:
    """Make an error in ElevenLabs' format; https://elevenlabs.io/docs/developers/resources/error-messages."""
    return kind(text=json.dumps(_detail(status, message)), content_type="application/json")


def _refuse_as_asked(fault: Status) -> web.Response:
    return web.json_response(_detail(str(fault.code or fault.status), fault.message), status=fault.status)


def _detail(status: str, message: str) -> dict[str, object]:
    return {"detail": {"status": status, "message": message}}

"""Deepgram's routes."""

from __future__ import annotations

import hmac
import io
import logging
import wave
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from aiohttp import web

from simulators.deepgram import messages
from simulators.deepgram.endpointer import Endpointer, SpeechEnded
from simulators.deepgram.listen import Listener
from simulators.deepgram.options import BadOption, FluxOptions, ListenOptions, rate_hz
from simulators.deepgram.turns import TurnListener
from simulators.faults import FaultPlan
from simulators.faults.injection import INJECTION
from simulators.faults.middleware import install
from simulators.faults.socket import FaultySocket
from simulators.speech import SpeechError
from simulators.speech.audio import SAMPLE_BYTES, duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from multidict import MultiMapping

    from simulators.speech import Recogniser

logger = logging.getLogger(__name__)

Options = TypeVar("Options", ListenOptions, FluxOptions)

_RECOGNISER: web.AppKey[Recogniser] = web.AppKey("recogniser")
_API_KEY: web.AppKey[str] = web.AppKey("api_key")
_LARGEST_RECORDING = 64 * 2**20
_SENTENCE_PAUSE = 0.3


def create_app(recogniser: Recogniser, *, api_key: str, faults: FaultPlan | None = None) -> web.Application:
    """Make the stand-in as an application, which can be mounted anywhere.

    Args:
        recogniser: Started and closed by the caller.
        api_key: The one key that is accepted.
        faults: The faults; None for none.
    """
    app = web.Application(middlewares=[_authenticate])
    app[_RECOGNISER] = recogniser
    app[_API_KEY] = api_key
    app.on_response_prepare.append(_sign)
    app.add_routes(
        [
            web.get("/v1/listen", _listen, name="listen"),
            web.get("/v2/listen", _listen_for_turns, name="listen_for_turns"),
            web.post("/v1/listen", _transcribe, name="transcribe"),
            web.get("/v1/auth/token", _token, name="auth"),
            web.get("/v1/projects", _projects, name="projects"),
        ]
    )
    install(app, faults or FaultPlan(), "deepgram", messages.refuse_as_asked)
    return app


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Stand-In"] = "deepgram"


@web.middleware
async def _authenticate(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "token" or not hmac.compare_digest(key.encode(), request.app[_API_KEY].encode()):
        raise messages.refuse(web.HTTPUnauthorized, "INVALID_AUTH", "Invalid credentials.")
    return await handler(request)


async def _listen(request: web.Request) -> web.StreamResponse:
    return await _serve(request, ListenOptions.from_query, Listener)


async def _listen_for_turns(request: web.Request) -> web.StreamResponse:
    return await _serve(request, FluxOptions.from_query, TurnListener)


async def _serve(
    request: web.Request, read: Callable[[MultiMapping[str]], Options], listener: Callable[..., Listener | TurnListener]
) -> web.StreamResponse:
    """Serve a stream with a listener for one of the two protocols."""
    try:
        options = read(request.query)
    except BadOption as error:
        raise _bad_request(error) from error
    request_id = str(uuid4())
    ws = FaultySocket(request.app[INJECTION], compress=False)
    ws.headers["dg-request-id"] = request_id
    await ws.prepare(request)
    await listener(ws, request.app[_RECOGNISER], options, request_id=request_id).run()
    await ws.close()
    return ws


async def _transcribe(request: web.Request) -> web.Response:
    body = await request.clone(client_max_size=_LARGEST_RECORDING).read()
    try:
        pcm, rate = _wav(body) if body.startswith(b"RIFF") else (body, rate_hz(request.query))
    except BadOption as error:
        raise _bad_request(error) from error
    recogniser = request.app[_RECOGNISER]
    endpointer = Endpointer(rate, endpointing=_SENTENCE_PAUSE)
    utterances = [event.utterance for event in endpointer.push(pcm) if isinstance(event, SpeechEnded)]
    if last := endpointer.finalize():
        utterances.append(last)
    try:
        heard = [(spoken.start, await recogniser.recognise(bytes(spoken.pcm), rate)) for spoken in utterances]
    except SpeechError as error:
        logger.warning("recognition failed", extra={"error": str(error)})
        raise messages.refuse(web.HTTPInternalServerError, "INTERNAL_SERVER_ERROR", "Internal Server Error") from error
    return web.json_response(messages.prerecorded(heard, recording=body, duration=duration(pcm, rate)))


def _wav(body: bytes) -> tuple[bytes, int]:
    try:
        with wave.open(io.BytesIO(body)) as recording:
            if (recording.getnchannels(), recording.getsampwidth()) != (1, SAMPLE_BYTES):
                message = "this stand-in hears 16-bit mono only"
                raise BadOption(message)
            return recording.readframes(recording.getnframes()), recording.getframerate()
    except (wave.Error, EOFError) as error:
        message = "failed to process audio: corrupt or unsupported data"
        raise BadOption(message) from error


async def _token(_request: web.Request) -> web.Response:
    return web.json_response({"api_key_id": "stand-in", "scopes": ["usage:write"], "created": "2026-01-01T00:00:00Z"})


async def _projects(_request: web.Request) -> web.Response:
    return web.json_response({"projects": [{"project_id": "stand-in", "name": "stand-in"}]})


def _bad_request(error: BadOption) -> web.HTTPError:
    return messages.refuse(web.HTTPBadRequest, "Bad Request", f"Bad Request: {error}")

"""OpenAI's chat completions over HTTP, answered by the demo brain."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from aiohttp import web

from simulators.faults import FaultPlan
from simulators.faults.middleware import install
from simulators.faults.stream import FaultyStream
from simulators.openai.brain import Brain
from simulators.openai.completion import MODEL, Completion
from simulators.openai.dialects import DIALECTS, OPENAI
from simulators.openai.request import ApiError, parse_request
from simulators.openai.script import load_script

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from simulators.faults.calls import Status
    from simulators.openai.completion import Answer

# The model's `created` in `GET /v1/models`, in Unix time; any constant would do.
CREATED: Final = 1_763_683_200

_BASE: Final = "/{dialect:(?:dialects/[a-z_]+/)?}v1"

NO_KEY: Final = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY). This is a stand-in for OpenAI: its key is in its settings."
)


def create_app(
    *,
    api_key: str,
    tokens_per_second: float = 60.0,
    first_token: float = 0.0,
    think_seconds: float = 25.0,
    faults: FaultPlan | None = None,
) -> web.Application:
    """Make the stand-in for OpenAI: `POST /v1/chat/completions` and `GET /v1/models`.

    Under `/dialects/NAME` there is a server that differs from OpenAI.

    Args:
        api_key: The only key that is accepted; any other is answered with 401 and OpenAI's error JSON.
        tokens_per_second: Speed of a streamed answer, in words per second; 0 sends it at once.
        first_token: Seconds until a streamed answer begins.
        think_seconds: Seconds that a reasoning model thinks before it answers.
        faults: The faults to inject.
    """
    brain = Brain(load_script())
    pause = 1.0 / tokens_per_second if tokens_per_second else 0.0

    async def chat_completions(request: web.Request) -> web.StreamResponse:
        name = request.match_info["dialect"].removeprefix("dialects/").rstrip("/")
        dialect = DIALECTS.get(name) if name else OPENAI
        if dialect is None:
            raise web.HTTPNotFound
        wanted = parse_request(await request.read(), dialect)
        reply = brain.reply(wanted.conversation)
        completion = Completion(reply, wanted.prompt_tokens, wanted.include_usage, dialect)
        if wanted.stream:
            await asyncio.sleep(first_token)
            return await _stream(request, completion, pause, think_seconds if dialect.thoughts else 0.0)
        return web.json_response(completion.whole())

    async def models(_: web.Request) -> web.Response:
        model = {"id": MODEL, "object": "model", "created": CREATED, "owned_by": "stand-in"}
        return web.json_response({"object": "list", "data": [model]})

    app = web.Application(middlewares=[_errors, _key_check(api_key)])
    app.on_response_prepare.append(_sign)
    install(app, faults or FaultPlan(), "openai", _refuse_as_asked)
    app.router.add_post(f"{_BASE}/chat/completions", chat_completions, name="chat")
    app.router.add_get(f"{_BASE}/models", models, name="models")
    return app


async def _stream(
    request: web.Request, completion: Completion, pause: float, think_seconds: float
) -> web.StreamResponse:
    """Send the chunks as server-sent events."""
    response = FaultyStream(request, headers={"Content-Type": "text/event-stream; charset=utf-8"})
    thoughts = list(completion.thoughts())
    with suppress(ConnectionResetError):  # the agent has cancelled the request, because the caller speaks
        await response.prepare(request)
        for chunk in thoughts:
            await response.write(_event(chunk))
            await asyncio.sleep(think_seconds / len(thoughts))
        if not thoughts:
            await asyncio.sleep(think_seconds)
        for chunk in completion.chunks():
            await response.write(_event(chunk))
            await asyncio.sleep(pause)
        await response.write(b"data: [DONE]\n\n")
    return response


def _event(chunk: Answer) -> bytes:
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _refuse_as_asked(fault: Status) -> web.Response:
    code = None if fault.code is None else str(fault.code)
    return web.json_response(ApiError(fault.status, fault.message, code=code).body, status=fault.status)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as error:
        return web.json_response(error.body, status=error.status)
    except web.HTTPNotFound:
        unknown = ApiError(404, f"Invalid URL ({request.method} {request.path})")
        return web.json_response(unknown.body, status=unknown.status)


def _key_check(api_key: str) -> Middleware:
    @web.middleware
    async def check_key(request: web.Request, handler: Handler) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not given:
            raise ApiError(401, NO_KEY)
        if not hmac.compare_digest(given.encode(), api_key.encode()):
            message = f"Incorrect API key provided: {_masked(given)}. This is a stand-in for OpenAI."
            raise ApiError(401, message, code="invalid_api_key")
        return await handler(request)

    return check_key


def _masked(key: str) -> str:
    """Mask a key as OpenAI's errors do."""
    return f"{key[:4]}{'*' * 8}{key[-4:]}" if len(key) > len("stand-in") else "*" * 8


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    """Mark every answer as the stand-in's."""
    response.headers["X-Stand-In"] = "openai"
    response.headers["x-request-id"] = f"req_{secrets.token_hex(16)}"

"""Servers that speak OpenAI's protocol in their own way, through the plugin as the product builds it."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectionError
from livekit.agents.llm import ChatContext

from agent.conversation.completions import THINKING, CompletionsClient
from agent.conversation.failure import describe
from agent.framework import tls_context
from simulators.openai import create_app
from tests.agent.conversation.model_servers import ONE_TRY, YES, answers, azure_of, calls_of, model_of, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


# Calls that are written as text are found where the answer is read.
WRITTEN = ("function_tag", "tool_call_tag", "json_call")


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """Run the stand-in; its models think for a moment."""
    running = TestServer(create_app(api_key="none", tokens_per_second=0, think_seconds=0.05))
    async with running:
        yield running


@pytest.mark.parametrize(
    "dialect",
    [
        "finish_null",
        "finish_stop",
        "finish_length",
        "finish_function_call",
        "function_call",
        "empty_id",
        "same_id",
        "no_index",
        "no_strict",
        "no_stream_options",
    ],
)
async def test_tool_calls_are_read_however_the_answer_ends(
    server: TestServer, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each turn has its call with its own id, whatever the server does with `finish_reason` and ids."""
    async with model_of(server, dialect, monkeypatch) as model:
        turns = await answers(model, "what time is it in oslo", "what time is it in rome")
        ids = {call.call_id for chunks in turns for call in calls_of(chunks)}

    assert [[(call.name, call.arguments) for call in calls_of(chunks)] for chunks in turns] == [
        [("get_time", '{"city":"Oslo"}')],
        [("get_time", '{"city":"Rome"}')],
    ]
    assert len(ids) == 2
    assert all(ids)


async def test_a_server_without_tools_still_answers(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request is repeated without tools at once, later ones have none, and the log says so."""
    async with model_of(server, "no_tools", monkeypatch) as model:
        turns = await answers(model, "hello", "hello")

    assert all(map(text_of, turns))
    refused = [record for record in caplog.records if record.message.endswith("refused a part of a request")]
    assert [vars(record)["part"] for record in refused] == ["tools"]


def event(**delta: object) -> str:
    """Return an event of a well-formed stream."""
    return f"data: {json.dumps({'id': 'x', 'choices': [{'index': 0, 'delta': delta}]})}\n\n"


DONE = "data: [DONE]\n\n"
HI = f"{event(content='Hi')}{DONE}"
FUNCTION = {"name": "get_time", "arguments": '{"city":"Oslo"}'}
CALL = {"id": "a", "type": "function", "function": FUNCTION}
WHOLE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}
WHOLE_CALL = {"choices": [{"message": {"content": None, "tool_calls": [CALL]}, "finish_reason": "tool_calls"}]}


@pytest.mark.parametrize(
    ("body", "text", "called"),
    [
        pytest.param(f'data: {{"choices": null}}\n\n{HI}', "Hi", False, id="no choices"),
        pytest.param(f'data: {{"choices": [null]}}\n\ndata: {{}}\n\n{HI}', "Hi", False, id="null for a choice"),
        pytest.param(f'data: {{"choices": [{{"delta": null}}]}}\n\n{HI}', "Hi", False, id="null for a delta"),
        pytest.param(f"data: \n\ndata: {{oops\n\n{HI}", "Hi", False, id="events without JSON"),
        pytest.param(f"data: {{oops\n{HI}", "Hi", False, id="no blank line"),
        pytest.param(f"\ufeff: a comment\n\n{HI}".replace("\n", "\r\n"), "Hi", False, id="comments"),
        pytest.param(event(content="Hi") + event(content="!"), "Hi!", False, id="no end"),
        pytest.param(event(content=[{"type": "thinking", "thinking": []}, {"text": "Hi"}]), "Hi", False, id="parts"),
        pytest.param(event(content={"text": "Hi"}), "Hi", False, id="an object"),
        pytest.param(event(refusal="I can't."), "I can't.", False, id="a refusal"),
        pytest.param('data: {"choices": [{"text": "Hi"}]}\n\n', "Hi", False, id="no delta"),
        pytest.param(
            'data: {"id": null, "created": "now", "usage": {"total_tokens": null}}\n\n' + HI, "Hi", False, id="usage"
        ),
        pytest.param(json.dumps(WHOLE), "Hi", False, id="no stream"),
        pytest.param(json.dumps(WHOLE, indent=2), "Hi", False, id="no stream, on many lines"),
        pytest.param(json.dumps(WHOLE) + "\n", "Hi", False, id="lines"),
        pytest.param(
            f"{event(content='Hi')}data: {json.dumps(WHOLE)}\n\n{DONE}", "Hi", False, id="the whole at the end"
        ),
        pytest.param('data: {"choices": [{"delta": "Hi"}]}\n\n', "Hi", False, id="a bare text for a delta"),
        pytest.param('data: {"choices": [{"message": "Hi"}]}\n\n', "Hi", False, id="a bare text for a message"),
        pytest.param('data: {"choices": [{"index": "0", "text": "Hi"}]}\n\n', "Hi", False, id="index as a text"),
        pytest.param(f"{event(content=False)}{HI}", "Hi", False, id="false for a text"),
        pytest.param(f"data: [{json.dumps(WHOLE)}]\n\n", "Hi", False, id="a list of one"),
        pytest.param(f"event: ping\ndata: {{}}\n\n: \n\n{HI}", "Hi", False, id="pings"),
        pytest.param(
            event(content="<th") + event(content="ink>So</th") + event(content="ink>Hi"), "Hi", False, id="cut"
        ),
        pytest.param(event(content=None, reasoning_content="So") + HI, "Hi", False, id="reasoning"),
        pytest.param(HI.replace(DONE, event() + DONE), "Hi", False, id="an empty delta"),
        pytest.param(
            f"data: {json.dumps({'choices': [{'delta': {}, 'tool_calls': [CALL]}]})}\n\n",
            "",
            True,
            id="beside the delta",
        ),
        pytest.param(
            f"data: {json.dumps({'choices': [{'delta': {'content': ''}, **WHOLE_CALL['choices'][0]}]})}\n\n",
            "",
            True,
            id="a message beside an empty delta",
        ),
        pytest.param(event(tool_calls=[{"id": "a", **FUNCTION}]), "", True, id="a call without a function"),
        pytest.param(event(tool_calls=[CALL]) + event(tool_calls=[CALL]), "", True, id="a call once more"),
        pytest.param(event(tool_calls=[None, CALL]), "", True, id="null for a call"),
        pytest.param(event(tool_calls={**CALL, "index": "0", "id": 7}), "", True, id="no list of calls"),
        pytest.param(
            event(tool_calls=[{**CALL, "function": None}]) + event(tool_calls=[CALL]), "", True, id="null function"
        ),
        pytest.param(json.dumps(WHOLE_CALL), "", True, id="a call, no stream"),
        pytest.param(event(tool_calls=[CALL]) + f"data: {json.dumps(WHOLE_CALL)}\n\n", "", True, id="a call twice"),
        pytest.param(event(content="Hi<|end|>"), "Hi<|end|>", False, id="a token at the end"),
    ],
)
async def test_an_answer_is_read_however_the_server_writes_it(
    monkeypatch: pytest.MonkeyPatch, body: str, text: str, *, called: bool
) -> None:
    """A chunk in another server's form does not lose the answer."""
    async with server_of(body) as server, model_of(server, "any", monkeypatch) as model:
        (chunks,) = await answers(model, "hello")

    assert text_of(chunks) == text
    assert [(call.name, call.arguments) for call in calls_of(chunks)] == [("get_time", '{"city":"Oslo"}')] * called


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"error": {"message": "too busy", "code": 503}}, {"status": 503}),
        ({"error": "too busy"}, {}),
        ({"object": "error", "message": "too busy", "code": 503}, {"status": 503}),
        ({"detail": "too busy"}, {}),
        ([{"error": {"message": "too busy", "code": 503}}], {"status": 503}),
    ],
)
async def test_an_error_within_a_stream_is_logged(
    monkeypatch: pytest.MonkeyPatch, reply: object, status: dict[str, int]
) -> None:
    """The log has the server's reason and status in the forms of vLLM, FastAPI and Gemini."""
    body = f"{event(content='Hi')}data: {json.dumps(reply)}\n\n"
    async with server_of(body) as server, model_of(server, "any", monkeypatch) as model:
        with pytest.raises(APIConnectionError) as failed:
            await answers(model, "hello")

    described = describe(failed.value, "a server")
    assert described == {"vendor": "a server", "error": "APIConnectionError", "reason": "too busy", **status}


@asynccontextmanager
async def server_of(body: str) -> AsyncIterator[TestServer]:
    """Run a server that answers everything with this body."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text=body, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/dialects/any/v1/chat/completions", answer)
    server = TestServer(app)
    async with server:
        yield server


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_server_that_refuses_tools_in_its_own_way_still_answers(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """OpenRouter refuses them with status 404, llama.cpp with 500."""

    async def answer(request: web.Request) -> web.Response:
        if "tools" in await request.json():
            return web.json_response({"error": {"message": "no tool use here"}}, status=status)
        return web.Response(text=HI, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/dialects/any/v1/chat/completions", answer)
    async with TestServer(app) as server, model_of(server, "any", monkeypatch) as model:
        (chunks,) = await answers(model, "hello")

    assert text_of(chunks) == "Hi"


@pytest.mark.parametrize("dialect", ["think", "unopened_think", "reasoning", "silent_reasoning"])
async def test_thoughts_are_not_part_of_the_answer(
    server: TestServer, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are neither in the first answer, when the model is still unknown, nor in later ones."""
    async with model_of(server, dialect, monkeypatch) as model:
        turns = await answers(model, "can you hear me", "tell me a joke")

    assert [text_of(chunks).strip() for chunks in turns] == [
        YES,
        "Why did the robot go on holiday? Because it wanted to charge its batteries.",
    ]


@pytest.mark.parametrize("dialect", ["unopened_think", "reasoning"])
async def test_a_thinking_model_shows_that_it_works(
    server: TestServer, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks without words arrive while it thinks."""
    async with model_of(server, dialect, monkeypatch) as model:
        (chunks,) = await answers(model, "can you hear me")

    assert [chunk for chunk in chunks if chunk.delta and (chunk.delta.extra or {}).get(THINKING)]


async def test_an_answer_is_streamed_once_the_model_is_known_not_to_think(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is passed on as a whole, as it might begin with thoughts; the next one word by word."""
    async with model_of(server, "finish_stop", monkeypatch) as model:
        first, second = await answers(model, "can you hear me", "can you hear me")

    pieces = [sum(1 for chunk in chunks if chunk.delta and chunk.delta.content) for chunks in (first, second)]
    assert (pieces[0], text_of(first)) == (1, YES)
    assert pieces[1] > 3


@pytest.mark.parametrize(
    ("greeting", "pieces"),
    [
        ({"content": "Hello."}, ["Yes, ", "gladly."]),
        ({"content": "The user wants one word"}, ["Yes, gladly."]),
        (None, ["Yes, gladly."]),
    ],
)
async def test_the_first_answer_is_streamed_when_the_model_greets_without_thinking(
    greeting: dict[str, str] | None, pieces: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model is asked for a word while the caller connects; if it thinks or fails, its first answer is held back."""

    async def answer(request: web.Request) -> web.Response:
        if (await request.json()).get("stream"):
            stream = f"{event(content='Yes, ')}{event(content='gladly.')}{DONE}"
            return web.Response(text=stream, content_type="text/event-stream")
        if greeting is None:
            return web.Response(status=500)
        return web.json_response({"choices": [{"message": greeting, "finish_reason": "stop"}]})

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server, model_of(server, "any", monkeypatch) as model:
        model.prewarm()
        assert model._prewarm_task is not None
        await model._prewarm_task
        [chunks] = await answers(model, "can you help me")

    assert [chunk.delta.content for chunk in chunks if chunk.delta and chunk.delta.content] == pieces


async def test_a_system_message_within_the_conversation_becomes_the_users(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chat templates allow one at the beginning only; the framework adds one to announce a tool's late result."""
    async with model_of(server, "finish_stop", monkeypatch) as model:
        context = ChatContext.empty()
        context.add_message(role="system", content="Be kind.")
        context.add_message(role="assistant", content="Hello.")
        context.add_message(role="system", content="can you hear me")
        async with model.chat(chat_ctx=context, conn_options=ONE_TRY) as stream:
            text = text_of([chunk async for chunk in stream])

    assert text == YES


async def test_a_connection_outlives_the_pause_between_two_questions(
    server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prewarmed connection serves both answers; httpx's default would close it after five seconds."""
    async with model_of(server, "finish_stop", monkeypatch) as model:
        model.prewarm()
        assert model._prewarm_task is not None
        await model._prewarm_task
        await answers(model, "can you hear me")
        await asyncio.sleep(6.0)
        await answers(model, "can you hear me")
        pool = model._client._client._transport._pool  # type: ignore[attr-defined] # httpx has no public access

        assert [connection.is_idle() for connection in pool.connections] == [True]
        assert pool.connections[0]._connection._request_count == 3


async def test_a_client_loads_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call's process has loaded them already, which takes a tenth of a second."""
    tls_context()
    read = []

    def create(**given: str | None) -> ssl.SSLContext:
        read.append(given)
        return tls_context()

    monkeypatch.setattr(ssl, "create_default_context", create)
    client = CompletionsClient(api_key="none", base_url="https://llm.test/v1", model="m", is_openai=True)
    await client.close()

    assert read == []


async def test_azures_answers_are_normalised_and_its_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without a finish reason is read after a chunk of Azure's filter; connections survive long pauses."""
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.path, request.query["api-version"], request.headers["api-key"]))
        called = {"tool_calls": [{**CALL, "id": "", "index": 0}]}
        filtered = f"data: {json.dumps({'choices': [], 'prompt_filter_results': []})}\n\n"
        return web.Response(text=f"{filtered}{event(**called)}{DONE}", content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        model = azure_of(server, monkeypatch)
        [chunks] = await answers(model, "what time is it in oslo")
        pool = model._client._client._transport._pool  # type: ignore[attr-defined] # httpx has no public access
        kept = pool._keepalive_expiry
        await model._client.close()
        await model.aclose()

    assert asked == [("/openai/deployments/our-model/chat/completions", "2024-10-21", "azure-secret")]
    assert [(call.name, call.arguments) for call in calls_of(chunks)] == [("get_time", '{"city":"Oslo"}')]
    assert kept == 120.0

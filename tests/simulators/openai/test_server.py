"""The stand-in over HTTP: the official LiveKit plugin runs unmodified against it; errors are OpenAI's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectOptions, APIStatusError
from livekit.agents.llm import LLM, ChatChunk, ChatContext, FunctionCall, FunctionCallOutput, Tool, function_tool
from livekit.plugins import openai

from simulators.openai import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ONE_TRY = APIConnectOptions(max_retry=0)


@function_tool
async def get_weather(city: str, day: str) -> str:
    """Look up the weather.

    Args:
        city: The city.
        day: The day.
    """
    return f"In {city} it will be sunny {day}."


@pytest.fixture
async def base_url() -> AsyncIterator[str]:
    """Run the stand-in and yield the plugin's base URL."""
    async with TestServer(create_app(api_key="stand-in", tokens_per_second=0)) as server:
        yield str(server.make_url("/v1"))


@pytest.fixture
async def llm(base_url: str) -> AsyncIterator[LLM[Any]]:
    """Make the official plugin's LLM for it."""
    async with openai.LLM(model="demo-brain", api_key="stand-in", base_url=base_url) as plugin:
        yield plugin


async def chat(llm: LLM[Any], context: ChatContext, *tools: Tool) -> list[ChatChunk]:
    """Collect the chunks of one answer."""
    async with llm.chat(chat_ctx=context, tools=list(tools), conn_options=ONE_TRY) as stream:
        return [chunk async for chunk in stream]


def text_of(chunks: list[ChatChunk]) -> str:
    """Join the words of an answer."""
    return "".join(chunk.delta.content or "" for chunk in chunks if chunk.delta)


async def test_answer_arrives_in_tokens(llm: LLM[Any]) -> None:
    """The official plugin gets a text answer, one word at a time."""
    context = ChatContext.empty()
    context.add_message(role="user", content="hello can you hear me")

    chunks = await chat(llm, context)

    assert text_of(chunks) == "Yes, I can hear you well. What would you like to know?"
    assert sum(1 for chunk in chunks if chunk.delta and chunk.delta.content) == 12


async def test_usage_arrives_at_the_end(llm: LLM[Any]) -> None:
    """The plugin asks for usage and gets it in the last chunk."""
    context = ChatContext.empty()
    context.add_message(role="user", content="hello can you hear me")

    usage = (await chat(llm, context))[-1].usage

    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (5, 12, 17)


async def test_tool_call_makes_the_round_trip(llm: LLM[Any]) -> None:
    """The plugin gets the call, sends the tool's output, and gets an answer made from it."""
    context = ChatContext.empty()
    context.add_message(role="user", content="What is the weather like in Paris tomorrow?")

    [call] = [call for chunk in await chat(llm, context, get_weather) if chunk.delta for call in chunk.delta.tool_calls]
    arguments = json.loads(call.arguments)
    output = await get_weather(**arguments)
    context.insert(FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments))
    context.insert(FunctionCallOutput(call_id=call.call_id, name=call.name, output=output, is_error=False))
    chunks = await chat(llm, context, get_weather)

    assert (call.name, arguments) == ("get_weather", {"city": "Paris", "day": "tomorrow"})
    assert text_of(chunks) == "I looked that up. In Paris it will be sunny tomorrow."


async def test_wrong_key_is_a_401_for_the_plugin(base_url: str) -> None:
    """The plugin raises the same error as for OpenAI, and does not retry."""
    context = ChatContext.empty()
    context.add_message(role="user", content="hello")

    async with openai.LLM(model="demo-brain", api_key="sk-something-else", base_url=base_url) as llm:
        with pytest.raises(APIStatusError) as caught:
            await chat(llm, context)

    assert caught.value.status_code == 401
    assert not caught.value.retryable


async def post(url: str, body: object, key: str | None = "stand-in") -> tuple[int, Any, str]:
    """Post JSON, and return status, JSON and the header that names the server."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers) as http, http.post(url, json=body) as response:
        return response.status, await response.json(), response.headers["X-Stand-In"]


async def test_missing_key_is_reported_in_openai_error_json(base_url: str) -> None:
    """The error says how to pass a key."""
    status, body, stand_in = await post(f"{base_url}/chat/completions", {}, key=None)

    assert (status, stand_in) == (401, "openai")
    assert body["error"]["type"] == "invalid_request_error"
    assert "Bearer" in body["error"]["message"]


async def test_wrong_key_is_not_repeated_in_the_error(base_url: str) -> None:
    """The error shows too little of a key to use it."""
    _, body, _ = await post(f"{base_url}/chat/completions", {}, key="sk-0123456789-secret")

    assert body["error"]["code"] == "invalid_api_key"
    assert "0123456789" not in body["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"model": "demo-brain"}, "missing_required_parameter"),
        ({"messages": [{"role": "king", "content": "hello"}]}, "invalid_value"),
        ({"messages": ["hello"]}, "invalid_type"),
        ([], "invalid_type"),
    ],
)
async def test_wrong_request_is_a_400(base_url: str, body: object, code: str) -> None:
    """A request that is not a chat completion gets OpenAI's error JSON."""
    status, answer, _ = await post(f"{base_url}/chat/completions", body)

    assert (status, answer["error"]["code"]) == (400, code)


async def test_whole_answer_names_the_demo_brain_when_another_model_was_asked_for(base_url: str) -> None:
    """Without `stream` the answer is one object, and names the model."""
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": [{"type": "text", "text": "thanks"}]}]}

    status, answer, _ = await post(f"{base_url}/chat/completions", body)

    assert (status, answer["model"]) == (200, "demo-brain")
    assert answer["choices"][0]["message"]["content"] == "You are welcome. Is there anything else?"
    assert answer["choices"][0]["finish_reason"] == "stop"


async def test_whole_tool_call_is_answered_when_it_is_not_streamed(base_url: str) -> None:
    """Without `stream` a tool call is one object with the arguments as JSON text."""
    tool = {"type": "function", "function": {"name": "get_time", "parameters": {"properties": {"city": {}}}}}
    body = {"messages": [{"role": "user", "content": "what time is it in rome"}], "tools": [tool]}

    _, answer, _ = await post(f"{base_url}/chat/completions", body)

    function = answer["choices"][0]["message"]["tool_calls"][0]["function"]
    assert function == {"name": "get_time", "arguments": '{"city":"Rome"}'}
    assert answer["choices"][0]["finish_reason"] == "tool_calls"


async def test_models_lists_the_demo_brain(base_url: str) -> None:
    """The demo brain is the only model, as the plugin's prewarm requests it."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer stand-in"}) as http:
        models = await (await http.get(f"{base_url}/models")).json()

    assert [model["id"] for model in models["data"]] == ["demo-brain"]

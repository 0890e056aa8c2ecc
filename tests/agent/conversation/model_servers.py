"""Clients of language model servers, each of which writes answers in its own dialect."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from livekit.agents import APIConnectOptions
from livekit.agents.llm import ChatChunk, ChatContext, FunctionCall, FunctionCallOutput, FunctionToolCall, function_tool

from agent.conversation.pipeline import build_llm
from agent.persona import Persona
from agent.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest
    from aiohttp.test_utils import BaseTestServer
    from livekit.plugins import openai


PERSONA = Persona(name="Ada", instructions="Be kind.")
ONE_TRY = APIConnectOptions(max_retry=0)
YES = "Yes, I can hear you well. What would you like to know?"


@function_tool
async def get_time(city: str) -> str:
    """Tell the time in a city."""
    return f"In {city} it is 15:05."


def azure_of(server: BaseTestServer, monkeypatch: pytest.MonkeyPatch) -> openai.LLM:
    """Make the language model client of an Azure resource."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", str(server.make_url("/")))
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-secret")
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "our-model")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    return build_llm(load_settings(), PERSONA)


@asynccontextmanager
async def model_of(server: BaseTestServer, dialect: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[openai.LLM]:
    """Make the language model client of a server that isn't OpenAI's."""
    monkeypatch.setenv("OPENAI_BASE_URL", str(server.make_url(f"/dialects/{dialect}/v1")))
    model = build_llm(load_settings(), PERSONA)
    yield model
    await model._client.close()
    await model.aclose()


async def answers(model: openai.LLM, *said: str) -> list[list[ChatChunk]]:
    """Ask each of these in one conversation, and return the chunks of each answer."""
    context, given = ChatContext.empty(), []
    for text in said:
        context.add_message(role="user", content=text)
        async with model.chat(chat_ctx=context, tools=[get_time], conn_options=ONE_TRY) as stream:
            chunks = [chunk async for chunk in stream]
        given.append(chunks)
        for call in calls_of(chunks):
            context.items += [
                FunctionCall(call_id=call.call_id, name=call.name, arguments=call.arguments),
                FunctionCallOutput(call_id=call.call_id, name=call.name, output="15:05", is_error=False),
            ]
        context.add_message(role="assistant", content=text_of(chunks) or "I looked at the clock.")
    return given


def text_of(chunks: list[ChatChunk]) -> str:
    """Return the words of an answer."""
    return "".join(chunk.delta.content or "" for chunk in chunks if chunk.delta)


def calls_of(chunks: list[ChatChunk]) -> list[FunctionToolCall]:
    """Return the tool calls of an answer."""
    return [call for chunk in chunks if chunk.delta for call in chunk.delta.tool_calls]

"""Servers that differ from OpenAI, each at a base URL of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from simulators.openai import create_app
from simulators.openai.completion import THOUGHTS
from simulators.openai.dialects import DIALECTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOOL = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"properties": {"city": {}}}, "strict": True},
}
QUESTION = {"role": "user", "content": "what time is it in rome"}


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """Run the stand-in."""
    running = TestServer(create_app(api_key="key", tokens_per_second=0, think_seconds=0.0))
    async with running:
        yield running


async def ask(server: TestServer, path: str, **request: Any) -> tuple[int, list[dict[str, Any]] | dict[str, Any]]:
    """Return the status and the chunks of a streamed answer, or the error."""
    body = {"model": "x", "stream": True, "messages": [QUESTION], "tools": [TOOL], **request}
    headers = {"Authorization": "Bearer key"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(server.make_url(f"{path}/v1/chat/completions"), json=body, headers=headers) as reply,
    ):
        if reply.status != 200:
            return reply.status, (await reply.json())["error"]
        lines = [line.removeprefix("data: ") for line in (await reply.text()).split("\n\n") if line]
        chunks: list[dict[str, Any]] = [json.loads(line) for line in lines[:-1]]
        return reply.status, chunks


async def choices(server: TestServer, path: str, **request: Any) -> list[dict[str, Any]]:
    """Return the choices of an answer."""
    status, chunks = await ask(server, path, **request)
    assert status == 200
    assert isinstance(chunks, list)
    return [choice for chunk in chunks for choice in chunk["choices"]]


@pytest.mark.parametrize(
    ("dialect", "finish"),
    [("finish_null", None), ("finish_length", "length"), ("function_call", "function_call"), ("json_call", "stop")],
)
async def test_a_dialect_ends_a_call_in_its_own_way(server: TestServer, dialect: str, finish: str | None) -> None:
    """OpenAI ends it with `tool_calls`."""
    assert (await choices(server, ""))[-1]["finish_reason"] == "tool_calls"
    assert (await choices(server, f"/dialects/{dialect}"))[-1]["finish_reason"] == finish


@pytest.mark.parametrize(("dialect", "call_id"), [("empty_id", ""), ("same_id", "call_0")])
async def test_a_dialect_gives_ids_of_its_own(server: TestServer, dialect: str, call_id: str) -> None:
    """The ids are the same in every answer."""
    for _ in range(2):
        first = (await choices(server, f"/dialects/{dialect}"))[0]
        assert first["delta"]["tool_calls"][0]["id"] == call_id


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("function_tag", '<function=get_time>{"city":"Rome"}</function>'),
        ("json_call", '{"name": "get_time", "arguments": {"city": "Rome"}}'),
        ("tool_call_tag", '<tool_call>\n{"name": "get_time", "arguments": {"city": "Rome"}}\n</tool_call>'),
    ],
)
async def test_a_dialect_writes_calls_as_text(server: TestServer, dialect: str, text: str) -> None:
    """The text comes in pieces, like any text."""
    given = await choices(server, f"/dialects/{dialect}")

    assert "".join(choice["delta"].get("content") or "" for choice in given) == text


@pytest.mark.parametrize(
    ("dialect", "start"),
    [("think", f"<think>{THOUGHTS}</think>Yes"), ("unopened_think", f"{THOUGHTS} </think>Yes"), ("reasoning", "Yes")],
)
async def test_a_dialect_thinks_in_its_own_way(server: TestServer, dialect: str, start: str) -> None:
    """The thoughts are in the text, or in a field of their own."""
    given = await choices(server, f"/dialects/{dialect}", messages=[{"role": "user", "content": "can you hear me"}])
    thoughts = "".join(choice["delta"].get("reasoning_content") or "" for choice in given)

    assert "".join(choice["delta"].get("content") or "" for choice in given).startswith(start)
    assert thoughts == (THOUGHTS if dialect == "reasoning" else "")


@pytest.mark.parametrize(
    ("dialect", "param", "lenient"),
    [
        ("no_strict", "strict", {"tools": [{**TOOL, "function": {"name": "get_time"}}]}),
        ("no_stream_options", "stream_options", {}),
        ("no_tools", "tools", {"tools": []}),
    ],
)
async def test_a_dialect_refuses_a_field(
    server: TestServer, dialect: str, param: str, lenient: dict[str, object]
) -> None:
    """The status is 400 with the field's name; without the field the request is accepted."""
    options = {"stream_options": {"include_usage": True}} if param == "stream_options" else {}
    status, error = await ask(server, f"/dialects/{dialect}", **options)

    assert (status, dict(error)["param"]) == (400, param)  # type: ignore[arg-type] # an error is an object
    assert (await ask(server, f"/dialects/{dialect}", **lenient))[0] == 200


async def test_there_is_no_other_dialect(server: TestServer) -> None:
    """A name that is not in the table is not found."""
    assert (await ask(server, "/dialects/klingon"))[0] == 404
    assert all(name.replace("_", "").isalpha() for name in DIALECTS)


CALL = {"id": "a", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([QUESTION, {"role": "tool", "tool_call_id": "a", "content": "x"}], "preceding message"),
        ([{"role": "assistant", "tool_calls": [CALL]}, QUESTION], "must be followed by tool messages"),
        (
            [{"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "b", "content": "x"}],
            "preceding message",
        ),
    ],
)
async def test_calls_and_results_belong_together(
    server: TestServer, messages: list[dict[str, object]], reason: str
) -> None:
    """OpenAI refuses a conversation in which one of them is missing."""
    status, error = await ask(server, "", messages=messages)

    assert status == 400
    assert reason in dict(error)["message"]  # type: ignore[arg-type] # an error is an object

"""What the product uses of the plugins and of a running session, checked against the installed version."""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version

from livekit.agents import AgentSession, RunContext, llm
from livekit.agents.utils import http_context
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import _SpeechHandleContextVar
from livekit.agents.voice.tool_executor import _ToolExecutor
from livekit.plugins import deepgram

from agent.framework import (
    STT_MESSAGE,
    ConnectedLLM,
    forward_messages,
    is_released,
    reporting_flux,
    reporting_stt,
    reports_messages,
    until_scheduled,
)

CHANGED = f"livekit-agents {version('livekit-agents')} changed what agent/framework.py relies on: "


EMPTY_RESULT = {
    "type": "Results",
    "metadata": {"request_id": "x"},
    "is_final": True,
    "speech_final": False,
    "channel": {"alternatives": [{"transcript": "", "confidence": 0.0, "words": []}]},
}


async def test_an_stt_reports_messages_without_words() -> None:
    """The plugin itself drops them, so that a working service would look silent."""
    seen: list[str] = []
    source, adapter = reporting_stt(api_key="key"), reporting_stt(api_key="key")
    forward_messages(source, adapter)
    source.on(STT_MESSAGE, lambda: seen.append("source"))
    adapter.on(STT_MESSAGE, lambda: seen.append("adapter"))
    async with http_context.open():
        stream = source.stream(language="en")
        stream._process_stream_event(EMPTY_RESULT)
        await stream.aclose()

    assert inspect.signature(deepgram.SpeechStream._process_stream_event).parameters.keys() == {"self", "data"}
    assert sorted(seen) == ["adapter", "source"], f"{CHANGED}deepgram.SpeechStream._process_stream_event"
    assert reports_messages(source)
    assert not reports_messages(deepgram.STT(api_key="key"))


async def test_flux_reports_its_messages_too() -> None:
    """Such is the message that it is connected."""
    seen: list[str] = []
    source = reporting_flux(api_key="key")
    source.on(STT_MESSAGE, lambda: seen.append("source"))
    async with http_context.open():
        stream = source.stream()
        stream._process_stream_event({"type": "Connected"})
        await stream.aclose()

    assert inspect.signature(deepgram.SpeechStreamv2._process_stream_event).parameters.keys() == {"self", "data"}
    assert seen == ["source"], f"{CHANGED}deepgram.SpeechStreamv2._process_stream_event"
    assert reports_messages(source)


async def test_other_servers_get_tools_without_strict() -> None:
    """Only OpenAI and Azure are known to accept the field."""
    tools = llm.ToolContext([_tool])
    strict = [
        ConnectedLLM(connect=_connected, is_openai=is_openai, model="x", api_key="key")._strict_tool_schema
        for is_openai in (True, False)
    ]

    assert strict == [True, False], f"{CHANGED}openai.LLM._strict_tool_schema"
    assert "strict" not in str(tools.parse_function_tools("openai", strict=False))


async def test_a_language_model_connects_before_its_first_answer() -> None:
    """The framework prewarms it when the agent starts."""
    connected = asyncio.Event()

    async def connect() -> None:
        connected.set()

    model = ConnectedLLM(connect=connect, is_openai=True, model="x", api_key="key")
    model.prewarm()
    async with asyncio.timeout(5):
        await connected.wait()
    await model.aclose()


async def test_a_speech_is_waited_for_until_it_is_scheduled() -> None:
    """A preemptive speech may be dropped before that; outside a speech there is no wait."""
    await until_scheduled()
    speech = SpeechHandle.create()
    token = _SpeechHandleContextVar.set(speech)
    waiting = asyncio.create_task(until_scheduled())
    _SpeechHandleContextVar.reset(token)
    await asyncio.sleep(0)
    before = waiting.done()
    speech._mark_scheduled()
    await waiting

    assert not before


async def _connected() -> None: ...


@llm.function_tool
async def _tool(city: str) -> str:
    return city


async def test_a_tool_is_released_by_its_first_update() -> None:
    """The conversation then goes on without it."""
    call = llm.FunctionCall(call_id="call", name="tool", arguments="{}")
    session = AgentSession[None](vad=None)
    context = RunContext(session=session, speech_handle=SpeechHandle.create(), function_call=call)
    context._attach_executor(_ToolExecutor(), asyncio.get_running_loop().create_future())
    assert not is_released(context)
    await context.update("", silent=True)

    assert is_released(context), f"{CHANGED}the mark that RunContext.update leaves in a call's extra"

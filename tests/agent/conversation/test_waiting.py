"""The caller waits: for a model that thinks, and for slow tools."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import AgentSession, APIConnectOptions, TurnHandlingOptions, function_tool, llm
from livekit.agents.llm import RawFunctionTool
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.conversation.apology import Apology
from agent.conversation.patience import RESULT_CAME
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.stt_watchdog import SttWatchdog
from agent.persona import Persona
from agent.tools.cards import Card, TextCard
from agent.tools.http_model import HttpTool
from agent.tools.http_tools import http_tool
from agent.tools.mcp_model import McpServer
from agent.tools.mcp_servers import McpServers
from tests.agent.knowledge.servers import site
from tests.agent.session_fakes import Reply, ScriptedLLM
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS
from tests.agent.tools.mcp_site import mcp_site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from livekit.agents.llm import Tool

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

SORRY, WAIT, STILL = "Sorry, say that again.", "One moment.", "Still at it."
VOICE = {
    text: Line(0.2, at + 1)
    for at, text in enumerate([SORRY, WAIT, STILL, "Yes, I am.", "It is a lighthouse.", "It failed."])
}
# Within an answer, a filler is followed by a space.
VOICE |= {f"{text} ": VOICE[text] for text in (WAIT, STILL)}
SOON = 0.2


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide the waiting times by ten."""
    monkeypatch.setattr("agent.conversation.persona_agent.FIRST_AFTER", SOON)
    monkeypatch.setattr("agent.conversation.patience.FIRST_AFTER", SOON)
    monkeypatch.setattr("agent.conversation.patience._TICK", 0.02)
    monkeypatch.setattr("agent.conversation.fillers.AGAIN_AFTER", 0.6)


class Slow:
    """A tool that returns when the test says so."""

    def __init__(self) -> None:
        self.result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.calls = 0
        self.is_cancelled = False

    @property
    def tool(self) -> Tool:
        """Return the tool as the language model calls it."""

        @function_tool
        async def look(where: str) -> str:
            """Look around.

            Args:
                where: A place.
            """
            self.calls += 1
            try:
                return f"{where}: {await self.result}"
            except asyncio.CancelledError:
                self.is_cancelled = True
                raise

        return look


CALL = llm.FunctionToolCall(name="look", arguments='{"where": "sea"}', call_id="call")


@asynccontextmanager
async def conversation(
    thoughts: ScriptedLLM,
    voice: ScriptedTTS,
    *tools: Tool,
    tool_timeout: float = 30.0,
    llm_timeout: float = 10.0,
    on_card: Callable[[str, Card], None] = lambda *_: None,
) -> AsyncIterator[AgentSession[Any]]:
    """Start a session with a persona that says fillers during long waits."""
    persona = Persona(name="Ada", instructions="x", apology=SORRY, fillers=(WAIT, STILL), tool_timeout=tool_timeout)
    options = SessionConnectOptions(llm_conn_options=APIConnectOptions(max_retry=0, timeout=llm_timeout))
    session = AgentSession[None](
        llm=thoughts,
        tts=voice,
        vad=None,
        turn_handling=TurnHandlingOptions(turn_detection="manual"),
        conn_options=options,
        tool_handling={
            "async_options": {"reply_at_tail_template": RESULT_CAME, "reply_maybe_covered_template": RESULT_CAME}
        },
    )
    session.output.audio = ClockedOutput()
    apology = Apology(session, SORRY)
    watchdog = SttWatchdog(session, apology.say)
    agent = PersonaAgent(
        persona,
        [*tools],
        session,
        apology=apology,
        stt_watchdog=watchdog,
        on_first_token=lambda: None,
        on_first_audio=lambda: None,
        on_failure=lambda _: None,
        on_card=on_card,
    )
    await session.start(agent)
    try:
        yield session
    finally:
        await apology.aclose()
        await session.aclose()


async def has_said(session: AgentSession[Any], text: str) -> None:
    """Wait until the agent has said this text; on a busy machine more fillers are said before it."""
    async with asyncio.timeout(20):
        while text not in said(session):  # noqa: ASYNC110 - the history has no event
            await asyncio.sleep(0.02)


def said(session: AgentSession[Any]) -> list[str]:
    """Return the agent's messages so far."""
    messages = [message for message in session.history.messages() if message.role == "assistant"]
    return [(message.text_content or "").strip() for message in messages]


async def test_a_model_that_thinks_gets_fillers_and_then_the_answer() -> None:
    """Fillers are said at intervals, and there is no apology."""
    thoughts = ScriptedLLM(Reply((1.5, "Yes, I am.")))
    voice = ScriptedTTS(VOICE)
    async with conversation(thoughts, voice) as session:
        await session.generate_reply(user_input="are you there")
        (message,) = said(session)

    assert message.startswith(f"{WAIT} {STILL} ")
    assert message.endswith(" Yes, I am.")
    assert SORRY not in message


async def test_a_quick_answer_has_no_filler() -> None:
    """The answer is all that is said."""
    async with conversation(ScriptedLLM(Reply((0.05, "Yes, I am."))), ScriptedTTS(VOICE)) as session:
        await session.generate_reply(user_input="are you there")
        messages = said(session)

    assert messages == ["Yes, I am."]


async def test_a_model_that_hangs_ends_in_the_apology_after_fillers() -> None:
    """LLM_TIMEOUT limits the time."""
    async with conversation(ScriptedLLM(Reply(then="hang")), ScriptedTTS(VOICE), llm_timeout=0.1) as session:
        await session.generate_reply(user_input="are you there")
        messages = said(session)

    assert messages[0].startswith(WAIT)
    assert messages[0].endswith(SORRY)


async def test_a_slow_tool_gets_fillers_and_its_result_is_said() -> None:
    """The language model first reads that the tool is still running, and later its result."""
    slow = Slow()
    thoughts = ScriptedLLM(Reply((CALL,)), Reply(("It is a lighthouse.",)))
    async with conversation(thoughts, ScriptedTTS(VOICE), slow.tool) as session:
        session.generate_reply(user_input="what do you see")
        await has_said(session, STILL)
        slow.result.set_result("a lighthouse")
        await has_said(session, "It is a lighthouse.")
        first, second, *_, last = said(session)
        outputs = [item.output for item in session.history.items if item.type == "function_call_output"]

    assert slow.calls == 1
    assert (first, second, last) == (WAIT, STILL, "It is a lighthouse.")
    assert "still running" in outputs[0]
    assert outputs[1] == "sea: a lighthouse"


async def test_an_interruption_neither_delays_the_next_answer_nor_loses_the_result() -> None:
    """The caller asks "are you there" and is answered while the tool runs; the result is said afterwards."""
    slow = Slow()
    thoughts = ScriptedLLM(Reply((CALL,)), Reply(("Yes, I am.",)), Reply(("It is a lighthouse.",)))
    async with conversation(thoughts, ScriptedTTS(VOICE), slow.tool) as session:
        session.generate_reply(user_input="what do you see")
        async with asyncio.timeout(5):
            while not slow.calls:  # noqa: ASYNC110 - the tool has no event
                await asyncio.sleep(0.01)
        await session.interrupt()
        speech = session.generate_reply(user_input="are you there")
        # The framework gives up on an interrupted tool after five seconds.
        async with asyncio.timeout(4):
            await speech
        assert "Yes, I am." in said(session)
        slow.result.set_result("a lighthouse")
        await has_said(session, "It is a lighthouse.")

    assert slow.calls == 1
    assert not slow.is_cancelled


async def test_a_tool_that_hangs_is_cancelled_and_the_model_informed() -> None:
    """The persona sets the deadline."""
    slow = Slow()
    thoughts = ScriptedLLM(Reply((CALL,)), Reply(("It failed.",)))
    async with conversation(thoughts, ScriptedTTS(VOICE), slow.tool, tool_timeout=0.5) as session:
        session.generate_reply(user_input="what do you see")
        await has_said(session, "It failed.")
        last = [item for item in session.history.items if item.type == "function_call_output"][-1]

    assert slow.is_cancelled
    assert (last.output, last.is_error) == ("The tool did not answer within 0.5 seconds, and was ended.", True)


async def test_a_quick_tool_is_answered_in_one_turn() -> None:
    """There is no filler."""
    slow = Slow()
    slow.result.set_result("a lighthouse")
    thoughts = ScriptedLLM(Reply((CALL,)), Reply(("It is a lighthouse.",)))
    async with conversation(thoughts, ScriptedTTS(VOICE), slow.tool) as session:
        await session.generate_reply(user_input="what do you see")
        outputs = [item.output for item in session.history.items if item.type == "function_call_output"]
        messages = said(session)

    assert outputs == ["sea: a lighthouse"]
    assert messages == ["It is a lighthouse."]


async def test_a_tool_with_a_raw_schema_is_called() -> None:
    """The wait wraps every kind of tool."""
    schema = {"name": "look", "parameters": {"type": "object", "properties": {"where": {"type": "string"}}}}

    @function_tool(raw_schema=schema)
    async def look(raw_arguments: dict[str, object]) -> str:
        return str(raw_arguments["where"])

    assert isinstance(look, RawFunctionTool)
    thoughts = ScriptedLLM(Reply((CALL,)), Reply(("It is a lighthouse.",)))
    async with conversation(thoughts, ScriptedTTS(VOICE), look) as session:
        await session.generate_reply(user_input="what do you see")
        outputs = [item.output for item in session.history.items if item.type == "function_call_output"]

    assert outputs == ["sea"]


@asynccontextmanager
async def slow_http(release: asyncio.Event) -> AsyncIterator[Tool]:
    """Make a tool that sends an HTTP request, whose answer waits for `release`."""
    async with site() as made:
        made.hold = release
        made.pages["/look"] = ("text/plain", b"a lighthouse")
        described = {
            "name": "look",
            "description": "Look.",
            "url": f"{made.url}/look",
            "parameters": {"where": "string"},
        }
        yield http_tool(HttpTool.model_validate(described))


@asynccontextmanager
async def slow_mcp(release: asyncio.Event) -> AsyncIterator[Tool]:
    """Make a tool of an MCP server, whose answer waits for `release`."""
    came: asyncio.Future[Tool] = asyncio.get_running_loop().create_future()

    async def take(tools: Sequence[Tool]) -> None:
        came.set_result(tools[0])

    async with mcp_site() as made:
        made.release = release
        servers = McpServers([McpServer(name="shop", url=made.url, tools=("slow",))], None, take)
        async with asyncio.timeout(20):
            yield await came
        await servers.aclose()


@pytest.mark.parametrize(("slow", "name"), [(slow_http, "look"), (slow_mcp, "slow")])
async def test_a_slow_service_gets_fillers(slow: Any, name: str) -> None:
    """The result of an HTTP request or an MCP server follows a filler; its tool may be added during the call."""
    release = asyncio.Event()
    calls = llm.FunctionToolCall(name=name, arguments='{"where": "sea"}', call_id="call")
    thoughts = ScriptedLLM(Reply((calls,)), Reply(("It is a lighthouse.",)))
    async with slow(release) as tool, conversation(thoughts, ScriptedTTS(VOICE)) as session:
        agent = session.current_agent
        assert isinstance(agent, PersonaAgent)
        await agent.add_tools([tool])
        session.generate_reply(user_input="what do you see")
        await has_said(session, WAIT)
        release.set()
        await has_said(session, "It is a lighthouse.")
        outputs = [item.output for item in session.history.items if item.type == "function_call_output"]

    assert outputs[-1] == "a lighthouse"


async def test_a_card_is_shown_and_its_text_is_read() -> None:
    """The language model reads the text; the front end gets the card with the tool's name."""
    card = TextCard(title="Lighthouse", text="It is white.")

    @function_tool
    async def look(where: str) -> list[str | Card]:
        """Look around."""
        return [f"{where}: a lighthouse", card]

    thoughts = ScriptedLLM(Reply((CALL,)), Reply(("It is a lighthouse.",)))
    shown: list[tuple[str, Card]] = []
    async with conversation(thoughts, ScriptedTTS(VOICE), look, on_card=lambda *of: shown.append(of)) as session:
        await session.generate_reply(user_input="what do you see")
        outputs = [item.output for item in session.history.items if item.type == "function_call_output"]

    assert outputs == ["sea: a lighthouse"]
    assert shown == [("look", card)]

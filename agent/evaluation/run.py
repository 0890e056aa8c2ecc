"""Runs scenarios in text through the real agent, with the framework's own test harness."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeGuard

from livekit.agents import APIError, TurnHandlingOptions, llm
from livekit.agents.voice.run_result import (
    ChatMessageEvent,
    FunctionCallEvent,
    RunResult,
    mock_tools,
)

from agent.conversation.apology import Apology
from agent.conversation.call_session import CallSession
from agent.conversation.patience import RESULT_CAME
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.pipeline import build_model, connect_options
from agent.conversation.stt_watchdog import SttWatchdog
from agent.evaluation.check import Outcome, shortcomings
from agent.evaluation.scenario import Scenario, Turn
from agent.knowledge.embeddings import embeddings_of
from agent.persona import Persona
from agent.settings import Settings
from agent.tools.persona_tools import tools_of

# Seconds for a turn in addition to the time that its language model and its tools may take.
_SLACK = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a scenario.

    Attributes:
        scenario: The scenario.
        problems: Expectations that were not met, each with its turn.
        notes: Expectations that could not be checked.
        seconds: How long it took.
    """

    scenario: Scenario
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float


async def run_scenario(settings: Settings, persona: Persona, scenario: Scenario) -> Result:
    """Hold one conversation with the agent, in a session of its own.

    Args:
        settings: Say where the language model is.
        persona: The persona.
        scenario: The caller's words, and the expectations.
    """
    clock = asyncio.get_running_loop().time
    began_at, problems, notes = clock(), list[str](), list[str]()
    can_judge = not settings.openai.is_stand_in
    with mock_tools(PersonaAgent, {name: _giving(result) for name, result in scenario.tools.items()}):
        async with _session(settings, persona, problems.append) as session:
            for number, turn in enumerate(scenario.turns, 1):
                found = await _take_turn(session, turn, _time_for(settings, persona), can_judge=can_judge)
                problems += [f"turn {number}, {turn.says!r}: {problem}" for problem in found]
                if turn.judge and not can_judge:
                    notes.append(f"turn {number} was not judged: the language model is a stand-in")
    return Result(scenario, tuple(problems), tuple(notes), clock() - began_at)


@asynccontextmanager
async def _session(settings: Settings, persona: Persona, report: Callable[[str], None]) -> AsyncIterator[CallSession]:
    """Start the persona's agent in a session without sound."""
    model = build_model(settings, persona)
    session = CallSession(
        llm=model,
        vad=None,
        turn_handling=TurnHandlingOptions(turn_detection="manual"),
        tts_text_transforms=None,
        tool_handling={
            "async_options": {"reply_at_tail_template": RESULT_CAME, "reply_maybe_covered_template": RESULT_CAME}
        },
        conn_options=connect_options(settings),
    )
    apology = Apology(session, persona.apology)
    agent = PersonaAgent(
        persona,
        tools_of(persona, settings.state_dir, embeddings_of(settings)),
        session,
        apology=apology,
        stt_watchdog=SttWatchdog(session, lambda: None),
        on_first_token=lambda: None,
        on_first_audio=lambda: None,
        on_failure=lambda what: report(f"{what} failed: the log says why"),
    )
    await session.start(agent)
    try:
        yield session
    finally:
        await apology.aclose()
        await session.close()
        await model.aclose()


async def _take_turn(session: CallSession, turn: Turn, seconds: float, *, can_judge: bool) -> list[str]:
    try:
        async with asyncio.timeout(seconds):
            result: RunResult[None] = await session.run(user_input=turn.says)
            found = shortcomings(turn, _outcome(result))
            if turn.judge and can_judge:
                found += await _judged(session, result, turn.judge)
    except TimeoutError:
        return [f"no answer within {seconds:g} s"]
    except (APIError, RuntimeError) as error:
        return [f"the agent did not answer: {error}"]
    return found


def _outcome(result: RunResult[Any]) -> Outcome:
    said = [event.item.text_content or "" for event in result.events if _is_answer(event)]
    calls = [event.item for event in result.events if isinstance(event, FunctionCallEvent)]
    return Outcome(" ".join(said), tuple((call.name, json.loads(call.arguments or "{}")) for call in calls))


def _is_answer(event: object) -> TypeGuard[ChatMessageEvent]:
    return isinstance(event, ChatMessageEvent) and event.item.role == "assistant"


async def _judged(session: CallSession, result: RunResult[Any], intent: str) -> list[str]:
    """Let the language model judge the agent's last message."""
    last = max((index for index, event in enumerate(result.events) if _is_answer(event)), default=None)
    if last is None:
        return ["nothing was said that could be judged"]
    assert isinstance(session.llm, llm.LLM)  # noqa: S101 - `_session` made it so
    try:
        await result.expect[last].is_message(role="assistant").judge(session.llm, intent=intent)
    except AssertionError as error:
        return [str(error).partition("\n")[0]]
    return []


def _giving(result: str) -> Callable[[], str]:
    return lambda: result


def _time_for(settings: Settings, persona: Persona) -> float:
    return 2 * settings.llm_timeout + persona.tool_timeout + _SLACK

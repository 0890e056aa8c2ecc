"""Scenarios run with the real agent in text; its language model is the stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.evaluation.run import Result, run_scenario
from agent.evaluation.scenario import Scenario, load_scenarios, scenarios_beside
from agent.persona import Persona, load_persona
from agent.settings import DEFAULT_PERSONA, load_settings
from simulators.openai import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOVA = load_persona(DEFAULT_PERSONA)


@pytest.fixture
async def stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Run the stand-in for OpenAI without its thinking time."""
    app = web.Application()
    app.add_subapp("/openai", create_app(api_key="stand-in", tokens_per_second=0))
    async with TestServer(app) as server:
        monkeypatch.setenv("STAND_INS_URL", str(server.make_url("")).rstrip("/"))
        yield


async def result_of(*turns: dict[str, Any], persona: Persona = NOVA, **fields: Any) -> Result:
    """Run a scenario of these turns."""
    scenario = Scenario.model_validate({"name": "a test", "turns": turns, **fields})
    return await run_scenario(load_settings(), persona, scenario)


async def test_the_default_persona_passes_its_own_scenarios(stand_in: None) -> None:
    """All scenarios pass with the stand-in; expectations that only a real model can judge are noted."""
    results = [
        await run_scenario(load_settings(), NOVA, scenario)
        for scenario in load_scenarios(scenarios_beside(DEFAULT_PERSONA))
    ]

    assert {result.scenario.name: result.problems for result in results if result.problems} == {}
    assert [note for result in results for note in result.notes] == [
        "turn 1 was not judged: the language model is a stand-in"
    ]


async def test_an_unmet_expectation_is_named_with_its_turn(stand_in: None) -> None:
    """It may concern words, calls and missing calls; later turns are still run."""
    result = await result_of(
        {"says": "What time is it in Rome?", "not_called": ["get_time"], "called": [{"tool": "end_call"}]},
        {"says": "Tell me a joke.", "heard": ["elephant"], "max_sentences": 1},
    )

    assert [problem.partition(": ")[0] for problem in result.problems] == [
        *["turn 1, 'What time is it in Rome?'"] * 2,
        *["turn 2, 'Tell me a joke.'"] * 2,
    ]
    called, refused, _, sentences = result.problems
    assert "end_call() was not called; calls: get_time" in called
    assert "get_time was called" in refused
    assert "2 sentences, more than 1" in sentences


async def test_a_scenario_can_set_the_result_of_a_tool(stand_in: None) -> None:
    """The tool is called, but does not run."""
    turn = {"says": "What time is it in Rome?", "called": [{"tool": "get_time"}], "heard": ["half past never"]}
    result = await result_of(turn, tools={"get_time": "It is half past never."})

    assert result.problems == ()


async def test_the_personas_answer_limits_hold(stand_in: None) -> None:
    """A story of eight sentences is cut to two."""
    short = NOVA.model_copy(update={"answer": NOVA.answer.model_copy(update={"max_sentences": 2})})
    whole = await result_of({"says": "Tell me a story.", "max_sentences": 2})
    cut = await result_of({"says": "Tell me a story.", "max_sentences": 2, "heard": ["lighthouse"]}, persona=short)

    assert "8 sentences, more than 2" in whole.problems[0]
    assert cut.problems == ()


async def test_a_model_that_fails_is_a_problem_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario names the failure in addition to the apology that the caller would have heard."""

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no"}}, status=401)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", refuse)
    async with TestServer(app) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", str(server.make_url("/v1")))
        result = await result_of({"says": "Hello?", "heard": ["hello"]})

    assert result.problems[0] == "thinking failed: the log says why"
    assert NOVA.apology in result.problems[1]


class JudgingModel:
    """A real model's server: it answers, and judges answers as the test says.

    Attributes:
        asked: Requests that it got.
    """

    def __init__(self, *, success: bool) -> None:
        self.asked: list[Any] = []
        self._success = success

    async def complete(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.asked.append(asked)
        delta: dict[str, Any] = {"role": "assistant", "content": "It is four o'clock."}
        if any(tool["function"]["name"] == "check_intent" for tool in asked.get("tools") or ()):
            arguments = json.dumps({"success": self._success, "reason": "It says so."})
            call = {"id": "a", "index": 0, "type": "function"}
            delta = {"tool_calls": [call | {"function": {"name": "check_intent", "arguments": arguments}}]}
        choice = {"index": 0, "delta": delta, "finish_reason": "tool_calls" if "tool_calls" in delta else "stop"}
        chunk = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        return web.Response(text=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")


@pytest.mark.parametrize(("success", "problems"), [(True, 0), (False, 1)])
async def test_an_answer_is_judged_by_the_personas_model(
    monkeypatch: pytest.MonkeyPatch, success: bool, problems: int
) -> None:
    """The framework's judge asks the model; a failed verdict is a problem with its reason."""
    model, app = JudgingModel(success=success), web.Application()
    app.router.add_post("/v1/chat/completions", model.complete)
    async with TestServer(app) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", str(server.make_url("/v1")))
        result = await result_of({"says": "What time is it?", "judge": "Tells the time."})

    assert len(result.problems) == problems
    assert all("It says so." in problem for problem in result.problems)
    assert "Tells the time." in str(model.asked[-1]["messages"])

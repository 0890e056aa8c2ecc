"""The expectations of a turn, and the messages when they are not met."""

from __future__ import annotations

from typing import Any

import pytest

from agent.evaluation.check import Outcome, shortcomings
from agent.evaluation.scenario import Turn

ANSWER = "It is four o'clock in Tokyo. Anything else?"
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (("get_time", {"city": "Tokyo", "precise": True}),)
OUTCOME = Outcome(ANSWER, CALLS)


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"heard": ["tokyo", "FOUR"]},
        {"heard_pattern": [r"four o.clock", r"\?$"]},
        {"not_heard": [r"five", r"\*"]},
        {"max_sentences": 2},
        {"called": [{"tool": "get_time"}]},
        {"called": [{"tool": "get_time", "arguments": {"city": "tokyo"}}]},
        {"called": [{"tool": "get_time", "arguments": {"precise": True}}]},
        {"not_called": ["end_call"]},
    ],
)
def test_expectations_that_are_met_give_no_problem(expected: dict[str, Any]) -> None:
    """Case does not matter in texts, and a call may have further arguments."""
    assert shortcomings(Turn(says="x", **expected), OUTCOME) == []


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"heard": ["Oslo"]}, "'Oslo' is not in the answer: "),
        ({"heard_pattern": ["five|six"]}, "/five|six/ is not found in the answer: "),
        ({"not_heard": ["ANYTHING"]}, "/ANYTHING/ is found in the answer: "),
        ({"max_sentences": 1}, "the answer has 2 sentences, more than 1: "),
        ({"called": [{"tool": "end_call"}]}, "end_call() was not called; calls: get_time({'city': 'Tokyo'"),
        (
            {"called": [{"tool": "get_time", "arguments": {"city": "Oslo"}}]},
            "get_time({'city': 'Oslo'}) was not called; calls: get_time(",
        ),
        ({"called": [{"tool": "get_time", "arguments": {"country": "Japan"}}]}, "get_time({'country': 'Japan'}) was"),
        ({"not_called": ["get_time"]}, "get_time was called; calls: get_time("),
    ],
)
def test_a_problem_says_what_there_was_instead(expected: dict[str, Any], said: str) -> None:
    """Each expectation that is not met has one."""
    [problem] = shortcomings(Turn.model_validate({"says": "x", **expected}), OUTCOME)

    assert problem.startswith(said)


def test_an_agent_that_called_nothing_says_so() -> None:
    """The problem names the calls that were made: none."""
    assert shortcomings(Turn.model_validate({"says": "x", "called": [{"tool": "look"}]}), Outcome("")) == [
        "look() was not called; calls: none"
    ]

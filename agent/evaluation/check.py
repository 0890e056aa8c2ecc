"""Compares the agent's answer and tool calls in a turn with the expected ones. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.evaluation.scenario import ToolCall, Turn
from agent.speech.pieces import is_speakable, sentences


@dataclass(frozen=True, slots=True)
class Outcome:
    """The agent's answer and tool calls in a turn.

    Attributes:
        answer: Everything that the agent said.
        calls: The tools that it called, with their arguments.
    """

    answer: str
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()


def shortcomings(turn: Turn, outcome: Outcome) -> list[str]:
    """Return a sentence for each expectation that was not met."""
    return [*_of_answer(turn, outcome.answer), *_of_calls(turn, outcome)]


def _of_answer(turn: Turn, answer: str) -> Iterator[str]:
    for text in turn.heard:
        if text.casefold() not in answer.casefold():
            yield f"{text!r} is not in the answer: {answer!r}"
    for pattern in turn.heard_pattern:
        if not re.search(pattern, answer, re.IGNORECASE):
            yield f"/{pattern}/ is not found in the answer: {answer!r}"
    for pattern in turn.not_heard:
        if re.search(pattern, answer, re.IGNORECASE):
            yield f"/{pattern}/ is found in the answer: {answer!r}"
    count = sum(map(is_speakable, sentences(answer)))
    if turn.max_sentences is not None and count > turn.max_sentences:
        yield f"the answer has {count} sentences, more than {turn.max_sentences}: {answer!r}"


def _of_calls(turn: Turn, outcome: Outcome) -> Iterator[str]:
    made = ", ".join(f"{name}({dict(arguments)})" for name, arguments in outcome.calls) or "none"
    for wanted in turn.called:
        if not any(_matches(wanted, name, arguments) for name, arguments in outcome.calls):
            yield f"{wanted.tool}({wanted.arguments or ''}) was not called; calls: {made}"
    for name, _ in outcome.calls:
        if name in turn.not_called:
            yield f"{name} was called; calls: {made}"


def _matches(wanted: ToolCall, name: str, arguments: Mapping[str, Any]) -> bool:
    return name == wanted.tool and all(
        field in arguments and _plain(arguments[field]) == _plain(value) for field, value in wanted.arguments.items()
    )


def _plain(value: Any) -> Any:
    """Make texts comparable: a model may write `tokyo` for `Tokyo`."""
    return value.strip().casefold() if isinstance(value, str) else value

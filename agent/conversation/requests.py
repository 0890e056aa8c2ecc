"""Requests for completions, in the form that a server with OpenAI's protocol accepts. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Request = dict[str, Any]
Message = dict[str, Any]

# A user's message before the agent's opening line: some chat templates require one at the start.
_BEGINNING = "(The call begins.)"

# Status codes of a server that refuses a part of a request: 404 is OpenRouter's for a model without tools, 500 is
# llama.cpp's.
_REFUSALS = {400, 404, 422, 500, 501}


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A part of requests that a conversation can do without.

    Attributes:
        name: Name of the part, for the log.
        refusal: Matches a server's refusal of the part.
        apply: Returns a request without the part.
    """

    name: str
    refusal: re.Pattern[str]
    apply: Callable[[Request], Request]


def _without(field: str) -> Callable[[Request], Request]:
    return lambda request: {name: value for name, value in request.items() if name != field}


def _with_older_name(request: Request) -> Request:
    """Limit the tokens by the field's older name."""
    if "max_completion_tokens" not in request:
        return request
    limit = request["max_completion_tokens"]
    return {**_without("max_completion_tokens")(request), "max_tokens": limit}


def _without_system(request: Request) -> Request:
    return {**request, "messages": [_as_user(message) for message in request["messages"]]}


def _alternating(request: Request) -> Request:
    return {**request, "messages": list(_alternate(request["messages"]))}


# The order matters. A refusal of roles may mention system messages and tools as exceptions, and system messages that
# became the user's have to be joined.
_RELAXATIONS = (
    # Settings of a persona that its model does not accept. A refusal of one may also name tools.
    Relaxation("reasoning_effort", re.compile("reasoning_effort"), _without("reasoning_effort")),
    Relaxation("temperature", re.compile("temperature"), _without("temperature")),
    Relaxation("max_completion_tokens", re.compile("max_completion_tokens"), _with_older_name),
    Relaxation("stream_options", re.compile("stream_options"), _without("stream_options")),
    Relaxation(
        "system messages",
        re.compile(r"\A(?!.*alternat).*(?:system\W{1,3}(?:role|message)|role\W.{0,20}system)", re.DOTALL),
        _without_system,
    ),
    Relaxation("roles that don't alternate", re.compile("alternat"), _alternating),
    Relaxation("tools", re.compile("tool"), _without("tools")),
)


class Requests:
    """Gives requests the form that a server accepts, learned from its refusals.

    Args:
        is_openai: Whether the server is OpenAI's own, which accepts system messages anywhere.
    """

    def __init__(self, *, is_openai: bool) -> None:
        self._is_openai = is_openai
        self._given_up: list[Relaxation] = []

    def formed(self, request: Request) -> Request:
        """Return a request in the form that the server accepts, as far as that is known."""
        # Many chat templates accept a system message only at the start.
        if not self._is_openai:
            first, *others = request["messages"]
            request = {**request, "messages": [first, *map(_as_user, others)]}
        for relaxation in _RELAXATIONS:
            if relaxation in self._given_up:
                request = relaxation.apply(request)
        return request

    def learn(self, request: Request, status: int, refusal: str) -> str | None:
        """Learn from a refusal of a formed request.

        Returns:
            The name of the part that is left out from now on; None if the request can't be changed.
        """
        for relaxation in _RELAXATIONS if status in _REFUSALS else ():
            is_new = relaxation not in self._given_up and relaxation.apply(request) != request
            if is_new and relaxation.refusal.search(refusal.lower()):
                self._given_up.append(relaxation)
                return relaxation.name
        return None


def _as_user(message: Message) -> Message:
    return {**message, "role": "user"} if message.get("role") in {"system", "developer"} else message


def _alternate(messages: list[Message]) -> Iterator[Message]:
    """Join adjacent messages of one role, and begin with the user; tool calls and their results stay unchanged."""
    held: Message | None = None
    for message in messages:
        if held is None and message.get("role") == "assistant":
            held = {"role": "user", "content": _BEGINNING}
        if held is not None and _can_be_joined(held, message):
            held = {**held, "content": f"{held['content']}\n{message['content']}"}
            continue
        if held is not None:
            yield held
        if message.get("role") in {"system", "developer"}:
            yield message
            held = None
        else:
            held = message
    if held is not None:
        yield held


def _can_be_joined(one: Message, other: Message) -> bool:
    is_plain = all(isinstance(each.get("content"), str) and not each.get("tool_calls") for each in (one, other))
    return is_plain and one["role"] == other.get("role") and one["role"] in {"user", "assistant"}

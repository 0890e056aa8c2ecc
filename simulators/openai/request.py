"""A chat completion's request, as OpenAI's API reference describes it, and the errors for invalid ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, cast

from simulators.openai.conversation import Call, Conversation, Message, Role
from simulators.openai.dialects import OPENAI, Dialect

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


class ApiError(Exception):
    """An answer in OpenAI's error JSON."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The parsed request.

    Attributes:
        conversation: Messages and tools.
        stream: Whether the answer is streamed.
        include_usage: Whether a streamed answer ends with the count of tokens.
        prompt_tokens: Words in all messages; the demo brain counts words as tokens.
    """

    conversation: Conversation
    stream: bool
    include_usage: bool
    prompt_tokens: int


class _Function(TypedDict):
    name: str
    arguments: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    strict: NotRequired[bool]


class _Tool(TypedDict):
    function: _Function
    id: NotRequired[str]


class _Part(TypedDict):
    text: NotRequired[str]


class _Message(TypedDict):
    role: str
    content: NotRequired[str | list[_Part] | None]
    tool_calls: NotRequired[list[_Tool] | None]
    tool_call_id: NotRequired[str]


def parse_request(body: bytes, dialect: Dialect = OPENAI) -> ChatRequest:
    """Parse the body of a request.

    Raises:
        ApiError: It is not JSON, is not a chat completion's request, or has a field that this dialect refuses.
    """
    try:
        fields = json.loads(body)
        _refuse(fields, dialect)
        _require_results(_required(fields, "messages"))
        messages = tuple(_message(message) for message in _required(fields, "messages"))
        tools = {} if fields.get("tool_choice") == "none" else _tools(fields.get("tools") or [])
        stream_options = fields.get("stream_options") or {}
        return ChatRequest(
            conversation=Conversation(messages, tools),
            stream=bool(fields.get("stream")),
            include_usage=bool(stream_options.get("include_usage")),
            prompt_tokens=sum(len(message.text.split()) for message in messages),
        )
    except json.JSONDecodeError as error:
        raise ApiError(400, "We could not parse the JSON body of your request.") from error
    except (AttributeError, KeyError, TypeError) as error:
        message = f"Invalid type or missing parameter in your request: {error}."
        raise ApiError(400, message, code="invalid_type") from error


def _refuse(fields: dict[str, Any], dialect: Dialect) -> None:
    tools: list[_Tool] = fields.get("tools") or []
    has = {
        "strict": any("strict" in tool["function"] for tool in tools),
        "stream_options": "stream_options" in fields,
        "tools": bool(tools),
    }
    if refused := [name for name in sorted(dialect.refuses) if has[name]]:
        reason = "this model does not support tools" if refused == ["tools"] else f"Unrecognized argument: {refused[0]}"
        raise ApiError(400, reason, code="invalid_request", param=refused[0])


def _require_results(messages: list[_Message]) -> None:
    """Require that each tool call is followed by its result, and each result preceded by its call."""
    waiting: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                reason = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
                raise ApiError(400, f"Invalid parameter: {reason}", param="messages")
            waiting.discard(message.get("tool_call_id", ""))
            continue
        if waiting:
            reason = "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
            raise ApiError(400, f"{reason} 'tool_call_id'.", param="messages")
        waiting = {call.get("id", "") for call in message.get("tool_calls") or ()}


def _required(fields: dict[str, Any], name: str) -> list[_Message]:
    if not fields.get(name):
        raise ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)
    return cast("list[_Message]", fields[name])


def _message(message: _Message) -> Message:
    role = ROLES.get(message["role"])
    if role is None:
        reason = f"Invalid value: '{message['role']}'. Supported values are: {', '.join(map(repr, ROLES))}."
        raise ApiError(400, reason, code="invalid_value", param="messages")
    content = message.get("content") or ""
    text = content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
    calls = tuple(
        Call(call["function"]["name"], json.loads(call["function"].get("arguments") or "{}"))
        for call in message.get("tool_calls") or []
    )
    return Message(role, text, calls)


def _tools(tools: list[_Tool]) -> dict[str, frozenset[str]]:
    functions = [tool["function"] for tool in tools if "function" in tool]
    return {function["name"]: frozenset(function.get("parameters", {}).get("properties", {})) for function in functions}

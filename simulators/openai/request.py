"""A chat completion's request, as OpenAI's API reference describes it, and the errors for one that is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, cast

from simulators.openai.conversation import Call, Conversation, Message, Role

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
    """What a request asks for.

    Attributes:
        conversation: Messages and tools.
        stream: Whether the answer comes in pieces.
        include_usage: Whether a streamed answer ends with the count of tokens.
        prompt_tokens: Words in all messages, the demo brain's tokens.
    """

    conversation: Conversation
    stream: bool
    include_usage: bool
    prompt_tokens: int


class _Function(TypedDict):
    name: str
    arguments: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]


class _Tool(TypedDict):
    function: _Function


class _Part(TypedDict):
    text: NotRequired[str]


class _Message(TypedDict):
    role: str
    content: NotRequired[str | list[_Part] | None]
    tool_calls: NotRequired[list[_Tool] | None]


def parse_request(body: bytes) -> ChatRequest:
    """Read the body of a request.

    Raises:
        ApiError: It is no JSON, or not a chat completion's.
    """
    try:
        fields = json.loads(body)
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

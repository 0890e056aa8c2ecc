"""Reads one object of a streamed completion, in any server's form. Pure.

Servers leave out fields or send null for them, send numbers as ids and objects as texts and arguments, or send a whole
message instead of a delta.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
_ARGUMENTS_FIELDS = ("arguments", "parameters", "input", "args")
_USAGE_FIELDS = ("completion_tokens", "prompt_tokens", "total_tokens")
_USAGE_DETAILS = ("completion_tokens_details", "prompt_tokens_details")


@dataclass(frozen=True, slots=True)
class CallPiece:
    """A piece of a tool call.

    Attributes:
        index: Of the call in the answer; None if the server doesn't say.
        id: Of the call, or empty.
        name: Of the tool, or empty.
        arguments: As JSON; a part of it or all of it. A server may send an object.
        extra: Data that the vendor wants back with the call.
    """

    index: int | None
    id: str
    name: str
    arguments: Any
    extra: Any = None


@dataclass(frozen=True, slots=True)
class ServerChunk:
    """One object of a stream.

    Attributes:
        id: Of the completion.
        text: Text that is added to the answer.
        is_whole: Whether the text is the whole answer, which may have come in pieces before.
        is_thinking: Whether the model shows that it thinks.
        calls: Pieces of tool calls.
        finish_reason: The reason why the answer ends, or empty.
        extra: Data that the vendor wants back with the answer.
        usage: Tokens, by OpenAI's names.
    """

    id: str
    text: str
    is_whole: bool
    is_thinking: bool
    calls: tuple[CallPiece, ...]
    finish_reason: str
    extra: Any
    usage: dict[str, Any] | None


def read_chunk(reply: Mapping[str, Any]) -> ServerChunk:
    """Read one object of a stream, or a completion that is not streamed."""
    choice = _first_choice(reply)
    said = {name: value for name, value in _object(choice.get("delta")).items() if value and name != "role"}
    whole = _object(choice.get("message"))
    delta = said or whole or {"content": choice.get("text"), "tool_calls": choice.get("tool_calls")}
    return ServerChunk(
        id=str(reply.get("id") or ""),
        # A refusal is a sentence for the user.
        text=_text_of(delta.get("content")) or _text_of(delta.get("refusal")),
        is_whole=bool(whole) and not said,
        is_thinking=any(delta.get(field) for field in _REASONING_FIELDS),
        calls=tuple(_calls_of(delta)),
        finish_reason=str(choice.get("finish_reason") or ""),
        extra=delta.get("extra_content"),
        usage=_usage_of(reply.get("usage")),
    )


def _first_choice(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    given = reply.get("choices")
    choices = (each for each in (given if isinstance(given, list) else ()) if isinstance(each, dict))
    return next((each for each in choices if str(each.get("index") or 0) == "0"), {})


def _object(value: Any) -> Mapping[str, Any]:
    """Return a delta or a message, which some servers send as a bare text."""
    return value if isinstance(value, dict) else {"content": value} if isinstance(value, str) else {}


def _text_of(content: Any) -> str:
    """Return the text of a delta; some servers send parts, from which thoughts are left out."""
    if isinstance(content, list):
        return "".join(map(_text_of, content))
    if isinstance(content, dict):
        return _text_of(content.get("text"))
    return "" if content is None or isinstance(content, bool) else str(content)


def _calls_of(delta: Mapping[str, Any]) -> Iterator[CallPiece]:
    calls = delta.get("tool_calls") or ()
    for call in calls if isinstance(calls, list) else (calls,):
        if isinstance(call, dict):
            yield _call_of(call, call.get("function"))
    # The form that OpenAI has deprecated.
    if delta.get("function_call"):
        yield _call_of({}, delta["function_call"])


def _call_of(call: Mapping[str, Any], function: Any) -> CallPiece:
    # Some servers send the name alone, or all fields in the call itself.
    if not isinstance(function, dict):
        function = {**call, "name": function or call.get("name")}
    index = str(call.get("index"))
    return CallPiece(
        index=int(index) if index.isdigit() else None,
        id=str(call["id"]) if call.get("id") is not None else "",
        name=str(function.get("name") or "").strip(),
        arguments=next((function[name] for name in _ARGUMENTS_FIELDS if function.get(name) is not None), None),
        extra=call.get("extra_content"),
    )


def _usage_of(usage: Any) -> dict[str, Any] | None:
    if not isinstance(usage, dict):
        return None
    details = {name: usage[name] for name in _USAGE_DETAILS if isinstance(usage.get(name), dict)}
    return {name: usage.get(name) or 0 for name in _USAGE_FIELDS} | details

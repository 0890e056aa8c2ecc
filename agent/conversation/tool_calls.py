"""Assembles tool calls from the pieces that servers stream. Pure, except for new ids."""

import ast
import json
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from agent.conversation.server_chunks import CallPiece

# Mistral accepts only ids of nine letters and digits; other servers accept any.
_ID_LENGTH = 9

# A block of Markdown around arguments.
_FENCE = re.compile(r"\A```\w*\s*|\s*```\Z")


def new_call_id() -> str:
    """Make an id for a tool call."""
    return secrets.token_hex(_ID_LENGTH)[:_ID_LENGTH]


@dataclass(slots=True)
class _Call:
    id: str
    index: int | None
    name: str
    arguments: str
    extra: Any

    @property
    def is_complete(self) -> bool:
        return _is_json(self.arguments)

    def add(self, piece: CallPiece, arguments: str) -> None:
        self.id, self.extra = self.id or piece.id, self.extra or piece.extra
        # Some servers repeat the earlier arguments in each piece, or begin with empty arguments.
        is_repeated = arguments.startswith(self.arguments) or (self.is_complete and arguments.lstrip().startswith("{"))
        self.arguments = arguments if is_repeated else self.arguments + arguments


class ToolCalls:
    """The tool calls of one answer.

    Args:
        taken_ids: Ids of earlier calls in the conversation, which a new call must not have.
        tools: Names of the available tools.
    """

    def __init__(self, taken_ids: Iterable[str], tools: Collection[str] = ()) -> None:
        self._taken = set(taken_ids)
        self._tools = tools
        self._calls: list[_Call] = []

    def take(self, pieces: Iterable[CallPiece]) -> None:
        """Take the pieces of a chunk."""
        for piece in pieces:
            given = piece.arguments
            arguments = given if isinstance(given, str) else "" if given is None else json.dumps(given)
            if (call := self._continued(piece)) is None:
                self._calls.append(_Call(piece.id, piece.index, piece.name, arguments, piece.extra))
            else:
                call.add(piece, arguments)

    def pop(self) -> list[ChoiceDeltaToolCall]:
        """Return all calls so far as complete ones, once; each has an id of its own."""
        calls, self._calls = [call for call in self._calls if call.name], []
        return [self._whole(call, index) for index, call in enumerate(calls)]

    def _whole(self, call: _Call, index: int) -> ChoiceDeltaToolCall:
        call_id = new_call_id() if not call.id or call.id in self._taken else call.id
        self._taken.add(call_id)
        function = {"name": self._known(call.name), "arguments": _as_json(call.arguments)}
        fields = {"index": index, "id": call_id, "type": "function", "function": function}
        return ChoiceDeltaToolCall.model_validate(fields | ({"extra_content": call.extra} if call.extra else {}))

    def _known(self, name: str) -> str:
        """Return the tool's own name: some servers add a namespace or brackets to it, or capitalise it."""
        last = re.split(r"[.:/]", name.strip("\"'`() "))[-1].lower()
        return name if name in self._tools else next((tool for tool in self._tools if tool.lower() == last), name)

    def _continued(self, piece: CallPiece) -> _Call | None:
        """Return the call that a piece continues; None if it begins one.

        Some servers repeat the name in each piece, stream it in pieces, give every call the same index, or give each
        piece an index or an id of its own.
        """
        calls = reversed(self._calls)
        call = next((call for call in calls if piece.index is None or call.index == piece.index), None)
        if call is None and not piece.name and self._calls and not self._calls[-1].is_complete:
            call = self._calls[-1]
        if call is None or _is_another(call, piece):
            return None
        if piece.name and self._is_part(call.name, piece.name) and not call.arguments:
            call.name += piece.name
            return call
        is_next = (
            piece.name
            and call.name
            and (piece.name != call.name or (call.is_complete and call.arguments != "{}"))
            and not _is_repeated(call, piece)
        )
        if not is_next:
            call.name = call.name or piece.name
        return None if is_next else call

    def _is_part(self, begun: str, more: str) -> bool:
        """Return whether these are pieces of one tool's name."""
        return bool(begun) and begun not in self._tools and any(tool.startswith(begun + more) for tool in self._tools)


def _is_another(call: _Call, piece: CallPiece) -> bool:
    """Return whether the id separates a piece from a call; in an unfinished call each piece may have its own id."""
    has_other_id = bool(piece.id and call.id and piece.id != call.id)
    return has_other_id and (call.is_complete or piece.name not in {"", call.name})


def _is_repeated(call: _Call, piece: CallPiece) -> bool:
    """Return whether a piece repeats the whole call."""
    return bool(piece.id) and (piece.id, piece.name, piece.arguments) == (call.id, call.name, call.arguments)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _as_json(arguments: str) -> str:
    """Return arguments in another notation as a JSON object; return them unchanged if they can't be read."""
    plain = _FENCE.sub("", arguments.strip())
    if not plain or plain == "null":
        return "{}"
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(plain)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, str) and value != arguments:  # JSON in JSON
            return _as_json(value)
        if isinstance(value, dict):
            return plain if read is json.loads else json.dumps(value)
    return arguments

"""Tool calls put together from the pieces that servers stream. Pure, but for the ids that it makes."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

# Mistral takes ids of nine letters and digits alone; other servers take any.
_ID_LENGTH = 9


def new_call_id() -> str:
    """Make an id for a tool call."""
    return secrets.token_hex(_ID_LENGTH)[:_ID_LENGTH]


@dataclass(slots=True)
class _Call:
    id: str
    index: int | None
    name: str
    arguments: str

    @property
    def is_complete(self) -> bool:
        try:
            json.loads(self.arguments)
        except ValueError:
            return False
        return True


class ToolCalls:
    """The tool calls of one answer.

    Args:
        taken_ids: Ids of earlier calls in the conversation, which a new call must not have.
    """

    def __init__(self, taken_ids: Iterable[str]) -> None:
        self._taken = set(taken_ids)
        self._calls: list[_Call] = []

    def take(self, delta: ChoiceDelta) -> None:
        """Take the pieces of a chunk, also those of the form that OpenAI has deprecated."""
        for piece in delta.tool_calls or ():
            self._take(piece.index, piece.id or "", piece.function)
        if delta.function_call:
            self._take(None, "", delta.function_call)

    def pop(self) -> list[ChoiceDeltaToolCall]:
        """Give all calls so far as complete ones, once; each has an id of its own."""
        calls, self._calls = [call for call in self._calls if call.name], []
        return [self._whole(call, index) for index, call in enumerate(calls)]

    def _whole(self, call: _Call, index: int) -> ChoiceDeltaToolCall:
        call_id = new_call_id() if not call.id or call.id in self._taken else call.id
        self._taken.add(call_id)
        function = {"name": call.name, "arguments": call.arguments}
        return ChoiceDeltaToolCall.model_validate(
            {"index": index, "id": call_id, "type": "function", "function": function}
        )

    def _take(self, index: int | None, call_id: str, function: Any) -> None:
        name = (function and function.name) or ""
        arguments = (function and function.arguments) or ""
        arguments = arguments if isinstance(arguments, str) else json.dumps(arguments)
        call = self._continued(index, call_id, name)
        if call is None:
            self._calls.append(_Call(call_id, index, name, arguments))
        else:
            call.id, call.name = call.id or call_id, call.name or name
            call.arguments += arguments

    def _continued(self, index: int | None, call_id: str, name: str) -> _Call | None:
        """Find the call that a piece continues; None when it begins one.

        Some servers repeat the name in each piece, and some give every call the same index.
        """
        call = next((call for call in reversed(self._calls) if index is None or call.index == index), None)
        if call is None or (call_id and call.id and call_id != call.id):
            return None
        is_next = name and call.name and (name != call.name or call.is_complete)
        return None if is_next else call

"""A conversation as the demo brain sees it: the messages of one request, and the tools offered with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# In the result of a tool that has none yet.
STILL_RUNNING: Final = "still running"

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Say:
    """A reply in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A reply that asks for a tool."""

    tool: str
    arguments: dict[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `calls` are the tools that an assistant's message asked for."""

    role: Role
    text: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    """The messages of a request, oldest first, and the offered tools, each with the names of its parameters."""

    messages: tuple[Message, ...]
    tools: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def result(self) -> str | None:
        """The result of the tool that was called last, if it was not told yet; None while the tool still runs."""
        for message in reversed(self.messages):
            if message.role == "tool":
                return None if STILL_RUNNING in message.text else message.text
            if message.role == "assistant" and message.text:
                return None
        return None

    @property
    def last_call(self) -> Call | None:
        """The newest tool call."""
        calls = [call for message in self.messages for call in message.calls]
        return calls[-1] if calls else None

    @property
    def replies(self) -> list[str]:
        """What the assistant has said, oldest first; an answer that was cut stands there as far as it was heard."""
        return [message.text for message in self.messages if message.role == "assistant" and message.text]

    @property
    def questions(self) -> list[str]:
        """What the caller said, oldest first: all between two messages of the assistant's is one question."""
        questions: list[list[str]] = [[]]
        for message in self.messages:
            if message.role == "user":
                questions[-1].append(message.text)
            elif message.role == "assistant" and questions[-1]:
                questions.append([])
        return [plain(" ".join(question)) for question in questions if question]

    @property
    def is_asked(self) -> bool:
        """Whether the caller had the last word (what the system says does not count)."""
        spoken = [message.role for message in self.messages if message.role != "system"]
        return bool(spoken) and spoken[-1] == "user"


def plain(text: str) -> str:
    """Lower case, without punctuation."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.lower()).split())

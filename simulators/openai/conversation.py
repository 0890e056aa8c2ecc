"""A conversation as the demo brain sees it: the messages of one request, and the tools offered with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# Marks the result of a tool that still runs.
STILL_RUNNING: Final = "still running"

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Say:
    """A reply in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A reply that calls a tool."""

    tool: str
    arguments: dict[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `calls` are the tool calls of an assistant's message."""

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
        """The result of the last tool call, if it was not said yet; None while the tool still runs."""
        for message in reversed(self.messages):
            if message.role == "tool":
                return None if STILL_RUNNING in message.text else message.text
            if message.role == "assistant" and message.text:
                return None
        return None

    @property
    def last_call(self) -> Call | None:
        """The latest tool call."""
        calls = [call for message in self.messages for call in message.calls]
        return calls[-1] if calls else None

    @property
    def replies(self) -> list[str]:
        """The assistant's replies, oldest first; an interrupted one has only the part that was heard."""
        return [message.text for message in self.messages if message.role == "assistant" and message.text]

    @property
    def questions(self) -> list[str]:
        """The caller's questions, oldest first; everything between two messages of the assistant is one question."""
        questions: list[list[str]] = [[]]
        for message in self.messages:
            if message.role == "user":
                questions[-1].append(message.text)
            elif message.role == "assistant" and questions[-1]:
                questions.append([])
        return [plain(" ".join(question)) for question in questions if question]

    @property
    def is_asked(self) -> bool:
        """Whether the last message is the caller's, apart from system messages."""
        spoken = [message.role for message in self.messages if message.role != "system"]
        return bool(spoken) and spoken[-1] == "user"


def plain(text: str) -> str:
    """Return a text in lower case, without punctuation."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.lower()).split())

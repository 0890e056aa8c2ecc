"""A chat completion's answer, whole or in the chunks of a stream."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NotRequired, TypedDict

from simulators.openai.conversation import Call, Say
from simulators.openai.dialects import OPENAI, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

# The model in every answer, whatever was requested, so that it is not taken for another.
MODEL: Final = "demo-brain"

# The text of a reasoning model's thoughts.
THOUGHTS: Final = "The caller wants an answer, so I should think about it, step by step, and then give one."


class Usage(TypedDict):
    """The tokens of a completion."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]
    completion_tokens_details: dict[str, int]


class Choice(TypedDict):
    """The one choice of an answer: a message, or the next piece of one."""

    index: int
    message: NotRequired[dict[str, object]]
    delta: NotRequired[dict[str, object]]
    logprobs: None
    finish_reason: str | None


class Answer(TypedDict):
    """A whole completion, or one chunk of a stream."""

    id: str
    object: str
    created: int
    model: str
    service_tier: str
    system_fingerprint: str
    choices: list[Choice]
    usage: NotRequired[Usage | None]


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply in the form of an answer.

    Attributes:
        reply: The brain's reply.
        prompt_tokens: Tokens of the request.
        include_usage: Whether a stream has `usage`: null in each chunk, and filled in a last one without choices.
        dialect: The server's differences from OpenAI.
    """

    reply: Say | Call
    prompt_tokens: int
    include_usage: bool = False
    dialect: Dialect = OPENAI
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(14)}")
    call_id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self) -> Answer:
        """Return the answer to a request without `stream`."""
        message: dict[str, object] = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        if isinstance(self.reply, Call):
            message["tool_calls"] = [self._tool_call(self.reply, self._arguments(self.reply))]
        else:
            message["content"] = self.reply.text
        choice = Choice(index=0, message=message, logprobs=None, finish_reason=self._finish_reason)
        return self._answer("chat.completion", [choice]) | {"usage": self._usage()}

    def chunks(self) -> Iterator[Answer]:
        """Yield the chunks of a stream; all except the first and the last one or two have one token each."""
        for delta in self._deltas():
            yield self._chunk(delta, None)
        yield self._chunk({}, self._finish_reason)
        if self.include_usage:
            yield self._answer("chat.completion.chunk", []) | {"usage": self._usage()}

    def thoughts(self) -> Iterator[Answer]:
        """Yield the chunks with a model's thoughts, which come before its answer."""
        match self.dialect.thoughts:
            case "field":
                yield from (self._chunk({"reasoning_content": token}, None) for token in _words(THOUGHTS))
            case "tags":
                yield from (self._chunk({"content": token}, None) for token in _words(f"<think>{THOUGHTS}</think>"))
            case "lone tag":
                yield from (self._chunk({"content": token}, None) for token in _words(f"{THOUGHTS} </think>"))
            case "silence" | "":
                pass

    def _deltas(self) -> Iterator[dict[str, object]]:
        if isinstance(self.reply, Say):
            yield {"role": "assistant", "content": "", "refusal": None}
            for token in self._tokens():
                yield {"content": token}
            return
        match self.dialect.call_form:
            case "tool_calls":
                yield from self._call_deltas(self.reply)
            case "function_call":
                yield {
                    "role": "assistant",
                    "content": None,
                    "function_call": {"name": self.reply.tool, "arguments": ""},
                }
                for token in self._tokens():
                    yield {"function_call": {"arguments": token}}
            case _:
                for token in _words(self._written_call(self.reply)):
                    yield {"content": token}

    def _call_deltas(self, call: Call) -> Iterator[dict[str, object]]:
        index = {"index": 0} if self.dialect.has_index else {}
        first = {**index, **self._tool_call(call, "")}
        yield {"role": "assistant", "content": None, "tool_calls": [first], "refusal": None}
        for token in self._tokens():
            yield {"tool_calls": [{**index, "function": {"arguments": token}}]}

    def _written_call(self, call: Call) -> str:
        arguments = self._arguments(call)
        named = json.dumps({"name": call.tool, "arguments": call.arguments})
        match self.dialect.call_form:
            case "function tag":
                return f"<function={call.tool}>{arguments}</function>"
            case "tool_call tag":
                return f"<tool_call>\n{named}\n</tool_call>"
            case _:
                return named

    def _tokens(self) -> list[str]:
        """Return the words with the space before them, or the arguments' JSON in pieces of a few characters."""
        if isinstance(self.reply, Say):
            return _words(self.reply.text)
        return re.findall(r"\W+|\w+", self._arguments(self.reply))

    @property
    def _finish_reason(self) -> str | None:
        return self.dialect.call_finish if isinstance(self.reply, Call) else "stop"

    @staticmethod
    def _arguments(call: Call) -> str:
        return json.dumps(call.arguments, separators=(",", ":"))

    def _tool_call(self, call: Call, arguments: str) -> dict[str, object]:
        call_id = self.call_id if self.dialect.call_id is None else self.dialect.call_id
        return {"id": call_id, "type": "function", "function": {"name": call.tool, "arguments": arguments}}

    def _chunk(self, delta: dict[str, object], finish_reason: str | None) -> Answer:
        choice = Choice(index=0, delta=delta, logprobs=None, finish_reason=finish_reason)
        chunk = self._answer("chat.completion.chunk", [choice])
        return chunk | {"usage": None} if self.include_usage else chunk

    def _answer(self, kind: str, choices: list[Choice]) -> Answer:
        return Answer(
            id=self.id,
            object=kind,
            created=self.created,
            model=MODEL,
            service_tier="default",
            system_fingerprint="fp_demo_brain",
            choices=choices,
        )

    def _usage(self) -> Usage:
        completion_tokens = len(self._tokens())
        return Usage(
            prompt_tokens=self.prompt_tokens,
            completion_tokens=completion_tokens,
            total_tokens=self.prompt_tokens + completion_tokens,
            prompt_tokens_details={"cached_tokens": 0, "audio_tokens": 0},
            completion_tokens_details={"reasoning_tokens": 0, "audio_tokens": 0},
        )


def _words(text: str) -> list[str]:
    """Cut a text into words, each with the space before it."""
    return re.findall(r"\s*\S+", text)

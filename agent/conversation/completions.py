"""Chat completions of any server that speaks OpenAI's protocol, in the form in which OpenAI sends them.

The language model plugin understands OpenAI's own streams. Other servers end a tool call with another `finish_reason`
or none, send no id or the same id twice, refuse fields that OpenAI takes, or leave out the tag that opens a model's
thoughts.
"""

import logging
from collections.abc import AsyncIterator, Iterable
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import httpx2
import openai
from openai.resources.chat import AsyncChat, AsyncCompletions
from openai.types.chat.chat_completion_chunk import ChatCompletionChunk, Choice, ChoiceDelta

from agent.conversation.thoughts import UnopenedThoughts
from agent.conversation.tool_calls import ToolCalls

logger = logging.getLogger("agent")

# The key in the `extra` of a chunk without words that says that the model is thinking.
THINKING = "thinking"

_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")

# Fields that a conversation can do without, and the word by which a refusal names them.
_OPTIONAL_FIELDS = {"stream_options": "stream_options", "tools": "tool"}


# Seconds for which a connection is kept between two answers; OpenAI's plugin keeps its own as long.
_KEPT_OPEN_S = 120.0


class CompletionsClient(openai.AsyncOpenAI):
    """An OpenAI client whose streamed chat completions are normalised.

    Args:
        api_key: The server's key.
        base_url: The server.
        is_openai: Whether it is OpenAI itself: it takes system messages anywhere, and its models don't write thoughts
            into their answers.
    """

    def __init__(self, *, api_key: str, base_url: str, is_openai: bool) -> None:
        # By default an idle connection is closed after 5 s: nearly every answer would wait for a new one.
        http_client = openai.DefaultAsyncHttpxClient(limits=httpx2.Limits(keepalive_expiry=_KEPT_OPEN_S))
        super().__init__(api_key=api_key, base_url=base_url, max_retries=0, http_client=http_client)
        self._is_openai = is_openai

    async def connect(self) -> None:
        """Open a connection that the next request uses; the server's answer does not matter."""
        await self._client.head(self.base_url)

    @cached_property
    def chat(self) -> AsyncChat:
        """The chat completions, in place of the client's own."""
        return _Chat(self, is_openai=self._is_openai)


class _Chat(AsyncChat):
    def __init__(self, client: openai.AsyncOpenAI, *, is_openai: bool) -> None:
        super().__init__(client)
        self._is_openai = is_openai

    @cached_property
    def completions(self) -> AsyncCompletions:
        return _Completions(self._client, is_openai=self._is_openai)


class _Completions(AsyncCompletions):
    def __init__(self, client: openai.AsyncOpenAI, *, is_openai: bool) -> None:
        super().__init__(client)
        self._is_openai = is_openai
        self._thoughts = UnopenedThoughts(is_possible=not is_openai)
        self._refused: set[str] = set()

    async def create(self, **request: Any) -> "NormalisedStream":  # type: ignore[override] # streams alone, which is all that the plugin asks for
        if not self._is_openai:
            request["messages"] = [_placed(message, at) for at, message in enumerate(request["messages"])]
        while True:
            try:
                stream = await super().create(
                    **{name: value for name, value in request.items() if name not in self._refused}
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                field = self._refused_field(request, str(error).lower())
                if field is None:
                    raise
                logger.warning("the language model server refused an optional field", extra={"field": field})
                self._refused.add(field)
            else:
                return NormalisedStream(stream, self._thoughts, _ids_of(request["messages"]))

    def _refused_field(self, request: dict[str, Any], refusal: str) -> str | None:
        sent = (field for field in _OPTIONAL_FIELDS if request.get(field) and field not in self._refused)
        return next((field for field in sent if _OPTIONAL_FIELDS[field] in refusal), None)


class NormalisedStream:
    """A streamed completion whose chunks are as OpenAI sends them.

    Args:
        stream: The server's own stream.
        thoughts: Opens thoughts; its knowledge of the model outlives the stream.
        taken_ids: Ids of the tool calls in the conversation.
    """

    def __init__(self, stream: Any, thoughts: UnopenedThoughts, taken_ids: Iterable[str]) -> None:
        self._stream = stream
        self._thoughts = thoughts
        self._calls = ToolCalls(taken_ids)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stream.close()

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        """Give the chunks; tool calls come complete, at the latest when the stream ends."""
        self._thoughts.begin()
        last: ChatCompletionChunk | None = None
        async for chunk in self._stream:
            for choice in chunk.choices:
                self._normalise(choice)
            yield chunk
            last = chunk
        if last is not None and (rest := self._rest()):
            yield last.model_copy(update={"choices": [rest], "usage": None})

    def _normalise(self, choice: Choice) -> None:
        delta: ChoiceDelta | None = choice.delta
        if delta is None:  # Azure's content filter
            return
        self._calls.take(delta)
        delta.tool_calls = delta.function_call = None
        is_thinking = any(getattr(delta, field, None) for field in _REASONING_FIELDS)
        if delta.content:
            delta.content = self._thoughts.take(_text_of(delta.content))
            is_thinking |= not delta.content
        if choice.finish_reason is not None:
            delta.content = f"{delta.content or ''}{self._thoughts.end()}"
            if calls := self._calls.pop():
                delta.tool_calls, choice.finish_reason = calls, "tool_calls"
        elif is_thinking:
            delta.extra_content = {THINKING: True}  # type: ignore[attr-defined] # the plugin reads it if it is there

    def _rest(self) -> Choice | None:
        """Give what is left of a stream that ended without a `finish_reason`."""
        text, calls = self._thoughts.end(), self._calls.pop()
        if not (text or calls):
            return None
        delta = ChoiceDelta(content=text or None, tool_calls=calls or None)
        return Choice(index=0, delta=delta, finish_reason="tool_calls" if calls else "stop")


def _placed(message: Any, at: int) -> Any:
    """Turn a system message within the conversation into the user's: many chat templates take one only at the start."""
    if at and message.get("role") in {"system", "developer"}:
        return {**message, "role": "user"}
    return message


def _ids_of(messages: Iterable[Any]) -> set[str]:
    return {call["id"] for message in messages for call in message.get("tool_calls") or ()}


def _text_of(content: Any) -> str:
    """Give the text of a delta; some servers send a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return str(content)

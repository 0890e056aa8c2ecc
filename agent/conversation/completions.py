"""Chat completions of any server with OpenAI's protocol, in the form in which OpenAI sends them.

The language model plugin understands OpenAI's own streams. Other servers end a tool call with another `finish_reason`
or none, send no id or the same id twice, refuse fields that OpenAI takes, or leave out the tag that opens a model's
thoughts.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import httpx2
import openai
from openai.resources.chat import AsyncChat, AsyncCompletions
from openai.types import CompletionUsage
from openai.types.chat.chat_completion_chunk import ChatCompletionChunk

from agent.conversation.replies import replies_in
from agent.conversation.requests import Requests
from agent.conversation.server_chunks import ServerChunk, read_chunk
from agent.conversation.thoughts import UnopenedThoughts
from agent.conversation.tool_calls import ToolCalls
from agent.framework import tls_context

logger = logging.getLogger("agent")

# Key in the `extra` of a chunk without words: the model is thinking.
THINKING = "thinking"

# Seconds for which an idle connection is kept; the same as OpenAI's plugin keeps its own.
_KEPT_OPEN_S = 120.0


# The request that is sent to a model ahead. A model that thinks does not reach the word within so few tokens.
_GREETING = {"role": "user", "content": "Answer with this one word, and nothing else: Hello"}
_ANSWER = "hello"
_GREETING_TOKENS = 8


class _Normalised(openai.AsyncOpenAI):
    _is_openai = True

    async def connect(self) -> None:
        """Open a connection that the next request uses; the server's answer does not matter."""
        await self._client.head(self.base_url)

    @cached_property
    def chat(self) -> AsyncChat:
        """The chat completions, in place of the client's own."""
        return _Chat(self, self._completions)

    @cached_property
    def _completions(self) -> "_Completions":
        return _Completions(self, is_openai=self._is_openai)


class CompletionsClient(_Normalised):
    """An OpenAI client whose streamed chat completions are normalised.

    Args:
        api_key: The server's key.
        base_url: The server.
        model: Its model.
        is_openai: Whether it is OpenAI itself: it takes system messages anywhere, and its models don't write thoughts
            into their answers.
    """

    def __init__(self, *, api_key: str, base_url: str, model: str, is_openai: bool) -> None:
        super().__init__(api_key=api_key, base_url=base_url, max_retries=0, http_client=_http_client())
        self._model = model
        self._is_openai = is_openai

    async def connect(self) -> None:
        """Open a connection that the next request uses; ask a server other than OpenAI's for a word.

        The request makes the server load its model. If it answers without thinking, its first answer is streamed.
        """
        if self._is_openai:
            await super().connect()
            return
        body = {"model": self._model, "messages": [_GREETING], "max_tokens": _GREETING_TOKENS}
        # A failure here repeats with the first answer, and is reported then.
        with suppress(openai.OpenAIError, ValueError):
            reply = await self.post("/chat/completions", cast_to=httpx2.Response, body=body)
            if read_chunk(reply.json()).text.strip(" \n.!").lower() == _ANSWER:
                self._completions.thoughts.rule_out()


class AzureCompletionsClient(_Normalised, openai.AsyncAzureOpenAI):
    """A client of Azure OpenAI whose streamed chat completions are normalised.

    Args:
        api_key: The resource's key.
        endpoint: The resource's address.
        deployment: Its deployment of a model.
        api_version: The version of its interface.
    """

    def __init__(self, *, api_key: str, endpoint: str, deployment: str, api_version: str) -> None:
        super().__init__(
            api_key=api_key,
            azure_endpoint=endpoint,
            azure_deployment=deployment,
            api_version=api_version,
            max_retries=0,
            http_client=_http_client(),
        )


def _http_client() -> httpx2.AsyncClient:
    return openai.DefaultAsyncHttpxClient(
        # By default an idle connection is closed after 5 s: nearly every answer would wait for a new one.
        limits=httpx2.Limits(keepalive_expiry=_KEPT_OPEN_S),
        # By default each client reads the CA certificates, which would delay the start of a call.
        verify=tls_context(),
    )


class _Chat(AsyncChat):
    def __init__(self, client: openai.AsyncOpenAI, completions: "_Completions") -> None:
        super().__init__(client)
        self._normalised = completions

    @cached_property
    def completions(self) -> AsyncCompletions:
        return self._normalised


class _Completions(AsyncCompletions):
    def __init__(self, client: openai.AsyncOpenAI, *, is_openai: bool) -> None:
        super().__init__(client)
        self.thoughts = UnopenedThoughts(is_possible=not is_openai)
        self._requests = Requests(is_openai=is_openai)

    async def create(self, **request: Any) -> "NormalisedStream":  # type: ignore[override] # streams alone, which is all that the plugin asks for
        while True:
            formed = self._requests.formed(request)
            try:
                stream: Any = await super().create(**formed)
            except openai.APIStatusError as error:
                given_up = self._requests.learn(formed, error.status_code, str(error))
                if given_up is None:
                    raise
                logger.warning("the language model server refused a part of a request", extra={"part": given_up})
            else:
                return NormalisedStream(stream, self.thoughts, _calls_for(request))


class NormalisedStream:
    """A streamed completion with chunks like OpenAI's.

    Args:
        stream: The server's own stream.
        thoughts: Opens thoughts; its knowledge of the model outlives the stream.
        calls: Assembles the tool calls.
    """

    def __init__(self, stream: openai.AsyncStream[Any], thoughts: UnopenedThoughts, calls: ToolCalls) -> None:
        self._stream = stream
        self._thoughts = thoughts
        self._calls = calls
        self._has_begun = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stream.close()

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        """Yield the chunks; tool calls come complete, at the latest when the stream ends."""
        self._thoughts.begin()
        chunk_id = ""
        async for reply in replies_in(self._stream.response.aiter_lines()):
            chunk = read_chunk(reply)
            chunk_id = chunk.id
            yield self._normalised(chunk)
        if text := self._thoughts.end():
            yield _chunk(chunk_id, {"content": text})
        if calls := self._calls.pop():
            yield _chunk(chunk_id, {"tool_calls": calls}, "tool_calls")

    def _normalised(self, chunk: ServerChunk) -> ChatCompletionChunk:
        text, pieces = ("", ()) if chunk.is_whole and self._has_begun else (chunk.text, chunk.calls)
        self._has_begun |= bool(text or pieces)
        self._calls.take(pieces)
        content = self._thoughts.take(text) if text else ""
        extra = dict(chunk.extra) if isinstance(chunk.extra, dict) else {}
        if not chunk.finish_reason:
            if chunk.is_thinking or (text and not content):
                extra[THINKING] = True
            return _chunk(chunk.id, {"content": content or None, "extra_content": extra or None}, usage=chunk.usage)
        content += self._thoughts.end()
        calls = self._calls.pop()
        delta = {"content": content or None, "extra_content": extra or None, "tool_calls": calls or None}
        return _chunk(chunk.id, delta, "tool_calls" if calls else "stop", usage=chunk.usage)


def _chunk(
    chunk_id: str, delta: dict[str, Any], finish_reason: str | None = None, *, usage: dict[str, Any] | None = None
) -> ChatCompletionChunk:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish_reason}
    # The plugin reads every field of the usage, even those that the server left out.
    counted = CompletionUsage.construct(**usage) if usage else None
    # For each word of an answer: `construct`, which OpenAI's client uses itself, takes twenty times as long.
    return ChatCompletionChunk.model_validate(
        {
            "id": chunk_id,
            "choices": [choice],
            "created": 0,
            "model": "",
            "object": "chat.completion.chunk",
            "usage": counted,
        }
    )


def _calls_for(request: dict[str, Any]) -> ToolCalls:
    """Make the assembler for the tool calls in the answer to a request."""
    earlier = {call["id"] for message in request["messages"] for call in message.get("tool_calls") or ()}
    tools = {tool["function"]["name"] for tool in request.get("tools") or () if "function" in tool}
    return ToolCalls(earlier, tools)

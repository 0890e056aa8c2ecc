"""The spoken part of a language model's answer, while it is written."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable

from livekit.agents import APIError, FlushSentinel, llm
from livekit.agents.llm import FunctionTool, FunctionToolCall, RawFunctionTool

from agent.conversation.answer import AnswerText
from agent.conversation.completions import THINKING
from agent.conversation.tool_calls import new_call_id
from agent.speech.pieces import is_speakable
from agent.speech.spoken import spoken

Chunk = llm.ChatChunk | str | FlushSentinel


class Answer:
    """An answer of the language model, separated into speech and tool calls.

    Args:
        tools: The tools that the model may call.
        on_first_word: Called when the first word has come, which may be held back a little longer.

    Attributes:
        chunks: Chunks without text that are to be passed on: tool calls, usage and the provider's extras.
        failure: The error that ended the answer; None as long as there was none.
    """

    def __init__(self, tools: list[llm.Tool], on_first_word: Callable[[], None]) -> None:
        self.chunks: list[llm.ChatChunk] = []
        self.failure: APIError | TimeoutError | None = None
        self._on_first_word = on_first_word
        self._text = AnswerText({tool.info.name for tool in tools if isinstance(tool, FunctionTool | RawFunctionTool)})

    @property
    def has_calls(self) -> bool:
        """Whether the answer calls a tool."""
        return any(chunk.delta and chunk.delta.tool_calls for chunk in self.chunks)

    async def speech(self, chunks: AsyncIterable[Chunk]) -> AsyncGenerator[str, None]:
        """Yield the speech in pieces, written as it is spoken; nothing if it has neither a letter nor a digit.

        The speech ends where the answer fails.
        """
        held, has_words = "", False
        async for piece in spoken(self._speech(chunks)):
            held += piece
            if not has_words:
                has_words, held = is_speakable(held), held.lstrip()
            if has_words and held:
                yield held
                held = ""

    async def _speech(self, chunks: AsyncIterable[Chunk]) -> AsyncIterator[str]:
        has_words = False
        try:
            async for chunk in chunks:
                text = self._text.take(self._take(chunk))
                if not has_words and is_speakable(text):
                    has_words = True
                    self._on_first_word()
                yield text
        except (APIError, TimeoutError) as error:
            self.failure = error
        yield self._text.end()
        if self._text.calls:
            calls = [
                FunctionToolCall(name=call.name, arguments=call.arguments, call_id=new_call_id())
                for call in self._text.calls
            ]
            self.chunks.append(llm.ChatChunk(id="", delta=llm.ChoiceDelta(role="assistant", tool_calls=calls)))

    def _take(self, chunk: Chunk) -> str:
        """Return the text of a chunk, and keep the rest of it."""
        if isinstance(chunk, str):
            return chunk
        if not isinstance(chunk, llm.ChatChunk):
            return ""
        delta = chunk.delta
        if delta is None:
            self.chunks.append(chunk)
            return ""
        text, extra = delta.content or "", {k: v for k, v in (delta.extra or {}).items() if k != THINKING}
        if delta.tool_calls or extra or chunk.usage:
            kept = delta.model_copy(update={"content": None, "extra": extra or None})
            self.chunks.append(chunk.model_copy(update={"delta": kept}))
        return text

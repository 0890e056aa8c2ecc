"""Speech-to-text and language models that follow a script, for sessions in tests; for speech see `speech_fakes`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from livekit.agents import APIConnectionError, APIConnectOptions, llm, stt
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, NotGivenOr
from livekit.agents.voice.io import AudioInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livekit import rtc


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request: these chunks (a number is a pause in seconds), then the end, an error, or a hang."""

    chunks: tuple[str | llm.FunctionToolCall | float, ...] = ()
    then: Literal["end", "error", "hang"] = "end"


class ScriptedLLM(llm.LLM[Literal["never"]]):
    """A language model that gives one reply after another.

    Attributes:
        asked: Texts of the messages of each request.
    """

    def __init__(self, *replies: Reply) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[list[str]] = []

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> ScriptedReply:
        self.asked.append([message.text_content or "" for message in chat_ctx.messages()])
        return ScriptedReply(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class ScriptedReply(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, ScriptedLLM)
        reply = self._llm.replies.pop(0)
        for chunk in reply.chunks:
            if isinstance(chunk, float):
                await asyncio.sleep(chunk)
                continue
            delta = (
                llm.ChoiceDelta(role="assistant", content=chunk)
                if isinstance(chunk, str)
                else llm.ChoiceDelta(role="assistant", tool_calls=[chunk])
            )
            self._event_ch.send_nowait(llm.ChatChunk(id="reply", delta=delta))
        if reply.then == "error":
            raise APIConnectionError(retryable=False)
        if reply.then == "hang":
            await asyncio.Event().wait()


class ScriptedSTT(stt.STT[Literal["never"]]):
    """A speech-to-text that transcribes what the test tells it to.

    Attributes:
        streams: All streams that were opened.
    """

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.streams: list[ScriptedEar] = []
        self._opened = asyncio.Condition()

    async def wait_for_streams(self, count: int) -> None:
        """Wait until so many streams were opened."""
        async with self._opened:
            await self._opened.wait_for(lambda: len(self.streams) >= count)

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> ScriptedEar:
        return ScriptedEar(stt=self, conn_options=conn_options)

    async def _recognize_impl(self, *_: Any, **__: Any) -> stt.SpeechEvent:
        raise NotImplementedError


class ScriptedEar(stt.RecognizeStream):
    def understand(self, text: str, language: str = "en") -> None:
        """Send a final transcript."""
        self.tell(stt.SpeechEventType.FINAL_TRANSCRIPT, text, language)

    def tell(self, kind: stt.SpeechEventType, text: str = "", language: str = "en") -> None:
        """Send an event, with a transcript if there is a text."""
        data = stt.SpeechData(language=language, text=text)  # type: ignore[arg-type] # a plain string is accepted
        self._event_ch.send_nowait(stt.SpeechEvent(kind, alternatives=[data] if text else []))

    def fail(self) -> None:
        """Lose the connection for good."""
        self._failure.set()

    async def _run(self) -> None:
        assert isinstance(self._stt, ScriptedSTT)
        self._failure = asyncio.Event()
        async with self._stt._opened:
            self._stt.streams.append(self)
            self._stt._opened.notify_all()
        await self._failure.wait()
        raise APIConnectionError(retryable=False)


class SilentInput(AudioInput):
    """A silent microphone."""

    def __init__(self) -> None:
        super().__init__(label="silent")
        self._never = asyncio.Event()

    async def __anext__(self) -> rtc.AudioFrame:
        await self._never.wait()
        raise StopAsyncIteration


def chain_of(heard: AudioInput | None) -> Iterator[AudioInput]:
    """Yield an input, and every input that it gets its frames from."""
    while heard is not None:
        yield heard
        heard = heard.source

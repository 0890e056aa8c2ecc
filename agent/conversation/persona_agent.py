"""The agent's nodes: what hears, thinks and speaks ends in time, and what fails ends in an apology."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any, Literal

from livekit import rtc
from livekit.agents import (
    NOT_GIVEN,
    Agent,
    AgentSession,
    APIConnectionError,
    APIError,
    FlushSentinel,
    ModelSettings,
    NotGivenOr,
    StopResponse,
    llm,
    stt,
    tts,
)
from livekit.agents.stt import SpeechEvent

from agent.conversation.apology import Apology
from agent.conversation.deadline import in_time
from agent.conversation.stt_watchdog import SttWatchdog
from agent.persona import Persona

logger = logging.getLogger("agent")

_SLACK = 1.0
# Seconds over the client's own time-outs, so that those, which know the reason, come first.

Source = Literal["hearing", "thinking", "speaking"]


class PersonaAgent(Agent):
    """The persona, in a conversation that outlives the failures of its vendors.

    A failed turn ends with the persona's apology, as a part of the conversation; the next turn asks the vendor again.

    Args:
        persona: Who the caller talks with.
        tools: What the language model may call.
        session: Whose agent it will be.
        apology: Said when speech fails; what thinking fails ends in is the same line.
        stt_watchdog: Of the session.
        on_first_token: Called, in the task of the reply, when the language model gave its first word.
        on_first_audio: Called, in the task of the reply, when text-to-speech gave its first frame.
        on_failure: Called with what failed.
        chat_ctx: What was said before it came.
        stt: Hears its language; default the session's.
        tts: Its voice; default the session's.

    Attributes:
        entered: Set when it has taken over.
    """

    def __init__(
        self,
        persona: Persona,
        tools: list[llm.Tool],
        session: AgentSession[Any],
        *,
        apology: Apology,
        stt_watchdog: SttWatchdog,
        on_first_token: Callable[[], None],
        on_first_audio: Callable[[], None],
        on_failure: Callable[[Source], None],
        chat_ctx: NotGivenOr[llm.ChatContext] = NOT_GIVEN,
        stt: NotGivenOr[stt.STT[Any]] = NOT_GIVEN,
        tts: NotGivenOr[tts.TTS[Any]] = NOT_GIVEN,
    ) -> None:
        super().__init__(instructions=persona.instructions, tools=[*tools], chat_ctx=chat_ctx, stt=stt, tts=tts)
        self.entered = asyncio.Event()
        self._apology = apology
        self._stt_watchdog = stt_watchdog
        self._on_first_token = on_first_token
        self._on_first_audio = on_first_audio
        self._on_failure = on_failure
        options = session.conn_options.llm_conn_options
        self._gap = options.timeout + _SLACK
        # There are two attempts: of one language model, or of two.
        self._first = 2 * options.timeout + _SLACK

    async def on_enter(self) -> None:
        """Begin."""
        self.entered.set()

    async def on_user_turn_completed(self, _turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        """Leave a turn without a word unanswered: a button was held, and nothing was said."""
        if not (new_message.text_content or "").strip():
            raise StopResponse

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncGenerator[SpeechEvent, None]:
        """Hear; after an error the framework connects again."""
        async with aclosing(self._stt_watchdog.watch(Agent.default.stt_node(self, audio, model_settings))) as events:
            async for event in events:
                yield event

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        """Think; an answer that fails or hangs ends in the apology, and so does one without a word.

        The framework would leave the caller without an answer. A tool that was called speaks for itself.
        """
        answer = _Answer()
        thoughts = Agent.default.llm_node(self, chat_ctx, tools, model_settings)
        try:
            async with aclosing(in_time(thoughts, first=self._first, gap=self._gap)) as chunks:
                async for chunk in chunks:
                    if answer.take(chunk):
                        self._on_first_token()
                    yield chunk
        except (APIError, TimeoutError) as error:
            logger.warning("thinking failed: %s", type(error).__name__)
            self._on_failure("thinking")
            if not answer.has_calls:
                yield f"... {self._apology.text}" if answer.has_words else self._apology.text
        else:
            if not (answer.has_words or answer.has_calls):
                logger.warning("thinking failed: an answer without a word")
                self._on_failure("thinking")
                yield self._apology.text

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Speak; what fails is cut where it was synthesised to, and followed by the apology."""
        try:
            async with aclosing(Agent.default.tts_node(self, text, model_settings)) as frames:
                is_first = True
                async for frame in frames:
                    if is_first:
                        self._on_first_audio()
                        is_first = False
                    yield frame
        except APIError as error:
            logger.warning("speaking failed: %s", type(error).__name__)
            self._on_failure("speaking")
            self._apology.say()
            # Without its cause, which may quote the text: the framework logs it.
            message = "the text could not be synthesised"
            raise APIConnectionError(message) from None


class _Answer:
    """What has come of an answer."""

    def __init__(self) -> None:
        self.has_words = False
        self.has_calls = False

    def take(self, chunk: llm.ChatChunk | str | FlushSentinel) -> bool:
        """Note a chunk; whether it has the first word."""
        had_words = self.has_words
        if isinstance(chunk, llm.ChatChunk) and chunk.delta is not None:
            self.has_words |= bool(chunk.delta.content and chunk.delta.content.strip())
            self.has_calls |= bool(chunk.delta.tool_calls)
        return self.has_words and not had_words

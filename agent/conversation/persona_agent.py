"""The agent's nodes for STT, LLM and TTS, each with a time limit; after a failure the agent apologises."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import partial
from types import MappingProxyType
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
from livekit.agents.llm import LLM, FallbackAdapter
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.utils import is_given

from agent.conversation.apology import Apology
from agent.conversation.deadline import in_time, or_silence
from agent.conversation.failure import describe
from agent.conversation.fillers import FIRST_AFTER, Fillers
from agent.conversation.hearing import Hearing
from agent.conversation.overlap import Overlap
from agent.conversation.patience import with_patience
from agent.conversation.speech_text import Answer
from agent.conversation.spoken_language import SpokenLanguage
from agent.conversation.stt_watchdog import SttWatchdog
from agent.conversation.voices import VoicesByLanguage
from agent.framework import until_scheduled
from agent.persona import Persona
from agent.settings.turns import TurnSettings
from agent.speech.answer_limit import limited
from agent.speech.written import WrittenWords
from agent.tools.cards import Card, take_cards
from agent.tools.persona_tools import name_of, without_taken_names

logger = logging.getLogger("agent")

# Seconds on top of the client's own time-outs, so that those come first: they know the reason.
_SLACK = 1.0

# Transcripts that begin an answer.
_ANSWERED = {SpeechEventType.FINAL_TRANSCRIPT, SpeechEventType.PREFLIGHT_TRANSCRIPT}

Source = Literal["hearing", "thinking", "speaking"]


class PersonaAgent(Agent):
    """The persona's agent, whose conversation survives the failures of its vendors.

    A failed turn ends with the persona's apology, as a part of the conversation; the next turn asks the vendor again.

    Args:
        persona: The persona.
        tools: The tools that the language model may call.
        session: The session of the agent.
        apology: Said when text-to-speech fails; if the language model fails, its answer ends with the same sentence.
        stt_watchdog: The session's.
        on_first_token: Called, in the task of the reply, when the language model gave its first word.
        on_first_audio: Called, in the task of the reply, when text-to-speech gave its first frame.
        on_failure: Called with the stage that failed.
        on_card: Called with the name of a tool and a card that it shows.
        turns: How turns are taken; by default without backchannels.
        chat_ctx: The conversation so far.
        language: The language that is spoken; by default the persona's own.
        apologies: By language, said instead of `apology`.
        llm: The language model; by default the session's.
        stt: Speech-to-text for its language; by default the session's.
        tts: Text-to-speech with its voice; by default the session's.

    Attributes:
        entered: Set when this agent has taken over.
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
        on_card: Callable[[str, Card], None] = lambda *_: None,
        turns: TurnSettings | None = None,
        chat_ctx: NotGivenOr[llm.ChatContext] = NOT_GIVEN,
        language: SpokenLanguage | None = None,
        apologies: Mapping[str, Apology] = MappingProxyType({}),
        llm: NotGivenOr[llm.LLM[Any]] = NOT_GIVEN,
        stt: NotGivenOr[stt.STT[Any]] = NOT_GIVEN,
        tts: NotGivenOr[tts.TTS[Any]] = NOT_GIVEN,
    ) -> None:
        self._fillers = Fillers(persona.said_while_waiting)
        self._tool_timeout = persona.tool_timeout
        self._on_card = on_card
        patient = self._patient(tools)
        super().__init__(
            instructions=persona.instructions, tools=[*patient], chat_ctx=chat_ctx, llm=llm, stt=stt, tts=tts
        )
        self.entered = asyncio.Event()
        self._of_session = session
        self._language = language or SpokenLanguage(persona)
        self._limits = persona.answer
        self._own_apology = apology
        self._apologies = apologies
        self._on_first_token = on_first_token
        self._on_first_audio = on_first_audio
        self._on_failure = on_failure
        self._hearing = Hearing(stt_watchdog, persona.language)
        self._overlap = Overlap(session, turns or TurnSettings())
        options = session.conn_options.llm_conn_options
        # A request that fails quickly is retried within the time; a second language model gets as much time again.
        attempts = 2 if isinstance(self._model, FallbackAdapter) else 1
        self._first, self._gap = attempts * options.timeout + _SLACK, options.timeout + _SLACK

    async def add_tools(self, tools: Sequence[llm.Tool]) -> None:
        """Let the language model call these tools as well, from its next answer on."""
        own = [tool for tool in self.tools if isinstance(tool, llm.Tool)]
        await self.update_tools([*self.tools, *self._patient(without_taken_names(tools, own))])

    async def on_enter(self) -> None:
        """Note that this agent has taken over."""
        self._speak()
        self.entered.set()

    async def on_exit(self) -> None:
        """Note that another agent takes over."""
        self._overlap.close()

    async def on_user_turn_completed(self, _turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        """Leave a turn without words unanswered: the push-to-talk button was held, and nothing was said."""
        if not (new_message.text_content or "").strip():
            raise StopResponse

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncGenerator[SpeechEvent, None]:
        """Transcribe; reconnect after an error. Transcripts that are not a turn of the caller are dropped."""
        source = self.stt if is_given(self.stt) and self.stt is not None else self._of_session.stt

        def connect(frames: AsyncIterable[rtc.AudioFrame]) -> AsyncGenerator[SpeechEvent, None]:
            return Agent.default.stt_node(self, frames, model_settings)

        async with aclosing(self._hearing.events(audio, connect, source)) as events:
            async for event in events:
                if self._overlap.counts(event):
                    self._follow(event)
                    yield event

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel, None]:
        """Answer; say fillers if it takes long, and the apology after a failure, a hang or an answer without words.

        The framework would leave the caller without an answer. A tool call needs no words.
        """
        answer, has_words = Answer(tools, self._on_first_token), False
        async with AsyncExitStack() as stack:
            chunks = in_time(
                Agent.default.llm_node(self, chat_ctx, tools, model_settings), first=self._first, gap=self._gap
            )
            pieces = or_silence(limited(answer.speech(chunks), self._limits), after=FIRST_AFTER)
            for stream in (chunks, pieces):
                await stack.enter_async_context(aclosing(stream))
            async for piece in pieces:
                if piece is not None:
                    has_words = True
                    yield piece
                elif not has_words and (filler := self._filler()):
                    # A segment of its own, so that it is spoken at once.
                    yield f"{filler} "
                    yield FlushSentinel()
        for chunk in answer.chunks:
            yield chunk
        if answer.failure is not None or not (has_words or answer.has_calls):
            self._report_thinking(answer.failure, chat_ctx)
            if not answer.has_calls:
                yield f"... {self._apology.text}" if has_words else self._apology.text

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Synthesise; a failure ends the audio there, and the apology follows."""
        words = WrittenWords()
        try:
            async with aclosing(Agent.default.tts_node(self, _noted(text, words), model_settings)) as frames:
                is_first = True
                async for frame in frames:
                    if is_first:
                        self._on_first_audio()
                        is_first = False
                    if timed := frame.userdata.get(USERDATA_TIMED_TRANSCRIPT):
                        frame.userdata[USERDATA_TIMED_TRANSCRIPT] = words.take(timed)
                    yield frame
        except APIError as error:
            vendor = self._voice.provider if self._voice is not None else "none"
            logger.warning("text-to-speech failed", extra=describe(error, vendor, said=[words.text]))
            # Until the turn has ended the answer may still be dropped, and the caller does not wait for it yet.
            await until_scheduled()
            self._on_failure("speaking")
            self._apology.say()
            # Omit the cause: it may quote the text, and the framework logs it.
            message = "the text could not be synthesised"
            raise APIConnectionError(message) from None

    @property
    def _apology(self) -> Apology:
        return self._apologies.get(self._language.code or "", self._own_apology)

    @property
    def _voice(self) -> tts.TTS[Any] | None:
        return self.tts if is_given(self.tts) and self.tts is not None else self._of_session.tts

    @property
    def _model(self) -> object:
        return self.llm if is_given(self.llm) and self.llm is not None else self._of_session.llm

    def _follow(self, event: SpeechEvent) -> None:
        """Speak the caller's language, from the next answer on."""
        heard = event.alternatives[0] if event.type in _ANSWERED and event.alternatives else None
        if heard is not None and heard.text and self._language.hear(heard.language):
            self._speak()

    def _speak(self) -> None:
        """Use the voice and the fillers of the language that is spoken."""
        self._fillers.replace(self._language.fillers)
        if isinstance(self._voice, VoicesByLanguage):
            self._voice.speak(self._language.code)

    def _patient(self, tools: Sequence[llm.Tool]) -> list[llm.Tool]:
        return [
            with_patience(
                tool, fillers=self._fillers, timeout=self._tool_timeout, read=partial(self._read_result, name_of(tool))
            )
            for tool in tools
        ]

    def _read_result(self, tool: str, result: Any) -> Any:
        """Show the cards of a tool's result, and return the rest of it."""
        read, cards = take_cards(result)
        for card in cards:
            self._on_card(tool, card)
        return read

    def _filler(self) -> str | None:
        """Choose a filler, unless the apology would follow it at once."""
        has_time = self._first > 2 * FIRST_AFTER
        return self._fillers.next(asyncio.get_running_loop().time()) if has_time else None

    def _report_thinking(self, failure: APIError | TimeoutError | None, chat_ctx: llm.ChatContext) -> None:
        vendor = self._model.provider if isinstance(self._model, LLM) else "none"
        said = [message.text_content or "" for message in chat_ctx.messages()]
        described = (
            {"vendor": vendor, "reason": "an answer without words"}
            if failure is None
            else describe(failure, vendor, said=said, timeout_setting="LLM_TIMEOUT")
        )
        logger.warning("the language model failed", extra=described)
        self._on_failure("thinking")


async def _noted(text: AsyncIterable[str], words: WrittenWords) -> AsyncIterator[str]:
    async for piece in text:
        words.push(piece)
        yield piece

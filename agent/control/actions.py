"""Carries out the requests of callers."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from livekit.agents import AgentSession

from agent.control import payloads
from agent.control.events import Events, SentenceEvent
from agent.control.personas import Personas
from agent.control.push_to_talk import PushToTalk
from agent.control.refusal import NO_SUCH_REPEAT, NOT_NOW, RefusalError
from agent.control.repeats import Repeats, state_of
from agent.control.turn_timings import TurnTimings
from agent.control.waterfall import By
from agent.speech.pieces import is_speakable, split
from agent.speech.queue import SpeechQueue
from agent.speech.sentence import Sentence, SentenceState

# Sentences that may wait to be repeated: a quarter of an hour of speech.
_MOST_SENTENCES = 100


class Actions:
    """The methods of the control protocol, after all checks.

    Args:
        session: The running agent session.
        speech: Of that session.
        timings: Records when each request came.
        personas: The personas.
        microphone: Of the session.
        events: Report the states of sentences.
        on_use: Called when a sentence that a caller asked for begins or ends.
        on_end: Ends the call.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        speech: SpeechQueue,
        *,
        timings: TurnTimings,
        personas: Personas,
        microphone: PushToTalk,
        events: Events,
        on_use: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._session = session
        self._speech = speech
        self._timings = timings
        self._personas = personas
        self._microphone = microphone
        self._events = events
        self._on_use = on_use
        self._on_end = on_end
        self._sentences: set[Sentence] = set()
        self._repeats = Repeats()
        self._one_at_a_time = asyncio.Lock()
        self._interrupts = 0
        speech.on("sentence_started", self._on_sentence)
        speech.on("sentence_ended", self._on_sentence)

    async def talk(self, asked: payloads.Talk, _: str) -> payloads.Nothing:
        """Answer a text as if it had been said; it interrupts the agent, as a spoken word does."""
        at, interrupts = time.time(), self._interrupts
        async with self._one_at_a_time:
            await self._session.interrupt()
            with self._timings.asked("text", at):
                answer = self._session.generate_reply(user_input=asked.text, input_modality="text")
            if self._interrupts != interrupts:
                answer.interrupt(force=True)
        return payloads.Nothing()

    async def repeat(self, asked: payloads.Repeat, _: str) -> payloads.Repeated:
        """Say a text word for word, after what is queued already."""
        at, interrupts = time.time(), self._interrupts
        async with self._one_at_a_time:
            if len(self._sentences) >= _MOST_SENTENCES:
                raise RefusalError(NOT_NOW, "Too much is waiting to be said. Please try again later.")
            sentences = self._say(asked.text, "repeat", at)
            self._sentences |= set(sentences)
            if self._interrupts != interrupts:
                self._speech.clear()
        return payloads.Repeated(id=self._repeats.add(sentences), sentences=len(sentences))

    async def get_repeat(self, asked: payloads.GetRepeat, _: str) -> payloads.RepeatState:
        """Return how far a repeat has come: at once, or when it is over, at the latest after the wait."""
        sentences = self._repeats.get(asked.id)
        if sentences is None:
            raise RefusalError(NO_SUCH_REPEAT, "There is no such repeat; the last hundred are known.")
        with suppress(TimeoutError):
            async with asyncio.timeout(asked.wait):
                for sentence in sentences:
                    await sentence
        return state_of(asked.id, sentences)

    async def interrupt(self, _: payloads.Nothing, __: str) -> payloads.Nothing:
        """Silence the agent, and drop what it was going to say, texts that wait for the end of its speech included."""
        self._interrupts += 1
        interrupted = self._session.interrupt(force=True)
        # Wait only for what was queued until now: a text that is queued meanwhile may be long, and is not interrupted.
        sentences = tuple(self._sentences)
        await interrupted
        for sentence in sentences:
            await sentence
        return payloads.Nothing()

    async def push_to_talk_start(self, _: payloads.Nothing, caller: str) -> payloads.Nothing:
        """Silence the agent and listen, until push_to_talk_end; the first use switches the input to push-to-talk."""
        await self._microphone.start(caller)
        return payloads.Nothing()

    async def push_to_talk_end(self, _: payloads.Nothing, caller: str) -> payloads.Nothing:
        """Answer what was said: the turn is complete."""
        self._microphone.end(caller)
        return payloads.Nothing()

    async def set_input(self, asked: payloads.SetInput, caller: str) -> payloads.Nothing:
        """Listen to the caller always, or while the button is held."""
        self._microphone.set_mode(asked.mode, caller)
        return payloads.Nothing()

    async def set_persona(self, asked: payloads.SetPersona, _: str) -> payloads.Persona:
        """Hand the conversation to another persona, with its voice, its avatar and its opening line."""
        async with self._one_at_a_time:
            persona = await self._personas.change(asked.persona)
            self.say_opening()
        return payloads.Persona(persona=asked.persona, name=persona.name)

    async def end_call(self, _: payloads.Nothing, __: str) -> payloads.Nothing:
        """End the call, without the goodbye."""
        self._on_end()
        return payloads.Nothing()

    def say_opening(self, *, resumes: bool = False) -> None:
        """Say the persona's opening, or the words with which it resumes a conversation that was cut off."""
        persona = self._personas.persona
        self._say(persona.resumption if resumes else persona.opening, "opening", time.time())

    def _say(self, text: str, by: By, at: float) -> list[Sentence]:
        pieces = split(text.strip()) if is_speakable(text) else []
        gaps = [" ", *(piece[len(piece.rstrip()) :] for piece in pieces)]
        with self._timings.asked(by, at):
            return [self._speech.say(piece.strip(), gap=gap) for piece, gap in zip(pieces, gaps, strict=False)]

    def _on_sentence(self, sentence: Sentence) -> None:
        if sentence not in self._sentences:
            return
        self._on_use()
        if sentence.is_done:
            self._sentences.discard(sentence)
        state = sentence.state
        if state is not SentenceState.QUEUED:
            event = SentenceEvent.model_validate(
                {"text": sentence.text, "state": state.value, "played": sentence.position}
            )
            self._events.tell(event)

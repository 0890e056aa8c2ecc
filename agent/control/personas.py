"""Who the caller can talk with, and who it is now."""

import asyncio
from typing import Any

from livekit.agents import NOT_GIVEN, AgentSession, NotGivenOr, stt, tts

from agent.control.attributes import Attributes
from agent.control.refusal import NO_SUCH_PERSONA, NOT_NOW, RefusalError
from agent.conversation.apology import Apology
from agent.conversation.persona_agent import Observer, PersonaAgent
from agent.conversation.pipeline import build_ear, build_voice
from agent.conversation.stt_watchdog import SttWatchdog
from agent.conversation.tools import tools_named
from agent.persona import Persona, load_persona, personas_beside
from agent.settings import Settings, SettingsError

_CHANGE_TIMEOUT = 8.0
# Seconds; what takes them is the end of what the one before was saying.


class Personas:
    """Makes the agents of the personas, one at a time, for one session.

    The face stays the same: it belongs to the avatar's session, which goes on.

    Args:
        session: The agent's; its own voice and recogniser are the first persona's.
        settings: Say where the personas are.
        persona: The first one.
        attributes: Tell who it is.
        observer: Is told how the agents get on.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        settings: Settings,
        persona: Persona,
        attributes: Attributes,
        observer: Observer,
    ) -> None:
        self.persona = persona
        self._session = session
        self._settings = settings
        self._first = persona
        self._attributes = attributes
        self._observer = observer
        self._files = personas_beside(settings.persona)
        self._voices: dict[tuple[str, str], tts.TTS[Any]] = {}
        self._ears: dict[str, stt.STT[Any]] = {}
        self._apology = Apology(session, persona.apology)
        self._stt_watchdog = SttWatchdog(session, self._on_unheard)
        attributes.tell(personas=",".join(self._files), persona=settings.persona.stem)
        attributes.rename(_name_of(persona))

    def first_agent(self) -> PersonaAgent:
        """The agent to start the session with."""
        return self._agent(self._first)

    def prepare(self) -> None:
        """Have an apology at hand, in the background."""
        self._apology.prepare()

    async def change(self, stem: str) -> Persona:
        """Let another persona go on with the conversation, in its own voice and language; it knows what was said.

        Raises:
            RefusalError: There is no such persona, or it could not take over.
        """
        persona = self._load(stem)
        await self._session.interrupt(force=True)
        await self._apology.aclose()
        self._apology = Apology(self._session, persona.apology, self._voice(persona) or None)
        agent = self._agent(persona)
        self._session.update_agent(agent)
        try:
            await asyncio.wait_for(agent.entered.wait(), _CHANGE_TIMEOUT)
        except TimeoutError:
            raise RefusalError(NOT_NOW, "the call is ending, or what was being said did not end in time") from None
        self.persona = persona
        self._attributes.tell(persona=stem)
        self._attributes.rename(_name_of(persona))
        self._apology.prepare()
        return persona

    async def aclose(self) -> None:
        """Leave off preparing, and close the voices and recognisers that were made here."""
        await self._apology.aclose()
        for voice in self._voices.values():
            await voice.aclose()
        for ear in self._ears.values():
            await ear.aclose()

    def _load(self, stem: str) -> Persona:
        file = self._files.get(stem)
        if file is None:
            raise RefusalError(NO_SUCH_PERSONA, f"there is no persona of that name; there is {', '.join(self._files)}")
        try:
            return load_persona(file)
        except SettingsError:
            raise RefusalError(NO_SUCH_PERSONA, "the file of that persona can't be used") from None

    def _agent(self, persona: Persona) -> PersonaAgent:
        is_first = persona is self._first
        return PersonaAgent(
            persona,
            tools_named(persona.tools),
            self._session,
            apology=self._apology,
            stt_watchdog=self._stt_watchdog,
            observer=self._observer,
            chat_ctx=NOT_GIVEN if is_first else self._session.history.copy(exclude_instructions=True),
            stt=self._ear(persona),
            tts=self._voice(persona),
        )

    def _ear(self, persona: Persona) -> NotGivenOr[stt.STT[Any]]:
        language = persona.language
        if language == self._first.language:
            return NOT_GIVEN
        if language not in self._ears:
            self._ears[language] = build_ear(self._settings, persona, self._session.vad)
        return self._ears[language]

    def _voice(self, persona: Persona) -> NotGivenOr[tts.TTS[Any]]:
        key = (persona.voice, persona.language)
        if key == (self._first.voice, self._first.language):
            return NOT_GIVEN
        if key not in self._voices:
            self._voices[key] = build_voice(self._settings, persona)
        return self._voices[key]

    def _on_unheard(self) -> None:
        self._observer.failed("hearing")
        self._apology.say()


def _name_of(persona: Persona) -> str:
    """What clients write below the agent's tile, which has no picture: the avatar beside it has the plain name."""
    return f"{persona.name} (agent)"

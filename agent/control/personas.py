"""The personas that a caller can talk with, and the change from one to another."""

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from livekit.agents import NOT_GIVEN, AgentSession, NotGivenOr, llm, stt, tts
from livekit.agents.utils import aio

from agent.call_config import CallConfig, CallConfigError, resolve
from agent.call_config.persona_files import persona_named, usable_personas
from agent.control.attributes import Attributes
from agent.control.refusal import NO_SUCH_PERSONA, NOT_NOW, RefusalError
from agent.conversation.apology import Apology
from agent.conversation.persona_agent import PersonaAgent, Source
from agent.conversation.pipeline import build_ear, build_model, build_voice, take_turns
from agent.conversation.spoken_language import SpokenLanguage
from agent.conversation.stt_watchdog import SttWatchdog
from agent.conversation.voices import in_language
from agent.framework import running_tools
from agent.knowledge.embeddings import embeddings_of
from agent.knowledge.gaps import gaps
from agent.knowledge.index import index_path
from agent.knowledge.sources import Knowledge
from agent.persona import Persona
from agent.settings import Settings
from agent.tools.cards import Card
from agent.tools.persona_tools import tools_of
from agent.turns import turn_settings

if TYPE_CHECKING:
    from agent.control.face_change import FaceChange
    from agent.tools.mcp_servers import McpServers

logger = logging.getLogger("agent")

Service = TypeVar("Service")

# Seconds for the current speech and its tools to end.
_IDLE_TIMEOUT = 8.0

# Seconds for the new persona to take over once the agent is silent.
_ENTER_TIMEOUT = 5.0


class Personas:
    """The personas of one session; makes an agent for one persona at a time.

    Args:
        session: The agent session; its own TTS and STT are the first persona's.
        settings: Say where the personas are.
        persona: The first one.
        config: Of the call. The first persona has all of it; the others have only its variables.
        attributes: Show the present persona.
        stem: Name of the first one's file, without its ending; by default the configuration's persona.
        on_first_token: Called in the task of a reply, when the language model gave its first word.
        on_first_audio: Called in the task of a reply, when text-to-speech gave its first frame.
        on_failure: Called with the source of a failure.
        on_card: Called with the name of a tool and a card that it shows.

    Attributes:
        persona: The present one.
        language: The language that is spoken, one of the persona's.
        stem: Name of the persona's file, without its ending.
        face: Gives each persona its avatar; None as long as the call has none.
        on_problem: Called with a sentence about a part of a persona that can't be used.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        settings: Settings,
        persona: Persona,
        attributes: Attributes,
        config: CallConfig,
        *,
        stem: str = "",
        on_first_token: Callable[[], None],
        on_first_audio: Callable[[], None],
        on_failure: Callable[[Source], None],
        on_card: Callable[[str, Card], None] = lambda *_: None,
    ) -> None:
        self.persona = persona
        self._first_stem = config.persona or settings.persona.stem
        self.stem = stem or self._first_stem
        self.face: FaceChange | None = None
        self.on_problem: Callable[[str], None] = lambda _: None
        self._session = session
        self._settings = settings
        self._first = persona
        self._attributes = attributes
        self._on_first_token = on_first_token
        self._on_first_audio = on_first_audio
        self._on_failure = on_failure
        self._config = config
        self._on_card = on_card
        self._embeddings = embeddings_of(settings)
        self._mcp: asyncio.Task[McpServers] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._voices: dict[Hashable, tts.TTS[Any]] = {}
        self._ears: dict[Hashable, stt.STT[Any]] = {}
        self._models: dict[Hashable, llm.LLM[Any]] = {}
        self.language = SpokenLanguage(persona)
        self._apology = self._apology_of(persona)
        self._apologies = self._apologies_of(persona)
        self._stt_watchdog = SttWatchdog(session, self._on_unheard)
        self._changing: asyncio.Task[None] | None = None
        attributes.tell(personas=",".join(usable_personas(settings)), persona=self.stem)
        attributes.rename(_name_of(persona))

    def first_agent(self) -> PersonaAgent:
        """Return the agent to start the session with; it knows the session's history."""
        agent = self._agent(self._first, self._apology, self._apologies, self.language)
        self._connect_mcp(self._first, agent)
        self._look_for_gaps(self._first)
        return agent

    def prepare(self) -> None:
        """Synthesise the apologies in the background."""
        for apology in (self._apology, *self._apologies.values()):
            apology.prepare()

    async def change(self, stem: str) -> Persona:
        """Hand the conversation to another persona, with its own voice and language. It keeps the chat history.

        Nothing changes before the change is certain: a refused change does not happen later.

        Args:
            stem: Name of the persona's file, without its ending.

        Raises:
            RefusalError: There is no such persona, or it could not take over.
        """
        persona, avatar_id = self._load(stem)
        await self._fall_idle()
        # The agent is silent and no tool runs, so the change is not delayed. From here on it is not undone.
        self._changing = asyncio.create_task(self._change(stem, persona, avatar_id), name="persona_change")
        await asyncio.wait({self._changing}, timeout=_ENTER_TIMEOUT)
        # The framework starts no agent in a session that closes.
        if not self._changing.done():
            raise RefusalError(NOT_NOW, "The call is ending.")
        self._changing.result()
        return persona

    async def aclose(self) -> None:
        """Stop preparing, and close the TTS, STT and LLM services that were made here."""
        if self._changing is not None:
            await aio.cancel_and_wait(self._changing)
        if self._looking is not None:
            await aio.cancel_and_wait(self._looking)
        disconnecting = asyncio.create_task(self._disconnect_mcp(), name="mcp_close")
        await self._close_apologies()
        for services in (self._voices, self._ears, self._models):
            for service in services.values():
                await service.aclose()
        await disconnecting

    async def _change(self, stem: str, persona: Persona, avatar_id: str) -> None:
        apology = self._apology_of(persona)
        apologies, language = self._apologies_of(persona), SpokenLanguage(persona)
        agent = self._agent(persona, apology, apologies, language)
        # The framework would let a speech that has begun meanwhile play to its end.
        self._session.interrupt(force=True)
        self._session.update_agent(agent)
        await agent.entered.wait()
        await self._disconnect_mcp()
        self._connect_mcp(persona, agent)
        self._look_for_gaps(persona)
        take_turns(self._session, turn_settings(self._settings, persona))
        await self._close_apologies()
        self.persona, self.stem, self.language = persona, stem, language
        self._apology, self._apologies = apology, apologies
        if self.face is not None:
            self.face.change(avatar_id, persona.name)
        self._attributes.tell(persona=stem)
        self._attributes.rename(_name_of(persona))
        self.prepare()

    async def _fall_idle(self) -> None:
        """Wait until no tool runs, then interrupt the current speech.

        Raises:
            RefusalError: A tool runs for too long; the framework would wait for it and then change the agent.
        """
        try:
            async with asyncio.timeout(_IDLE_TIMEOUT):
                is_idle = False
                while not is_idle:
                    if tools := running_tools(self._session):
                        await asyncio.wait(tools)
                    await self._session.interrupt(force=True)
                    is_idle = not running_tools(self._session)
        except TimeoutError:
            logger.warning("the persona is not changed, a tool is still running")
            raise RefusalError(
                NOT_NOW, "Something is still being looked up. Please try again when it is done."
            ) from None

    def _load(self, stem: str) -> tuple[Persona, str]:
        """Return a persona and the avatar for it: the persona's own, if it has one."""
        config = self._config if stem == self._first_stem else self._config.only({"variables"})
        try:
            config = config.model_copy(update={"persona": stem})
            settings, persona = resolve(self._settings, partial(persona_named, self._settings), config)
        except CallConfigError as error:
            sentence = next(iter(error.problems.values()))
            raise RefusalError(NO_SUCH_PERSONA, f"{sentence[:1].upper()}{sentence[1:]}.") from None
        return persona, settings.avatar_id(persona.avatar_id)

    def _agent(
        self, persona: Persona, apology: Apology, apologies: Mapping[str, Apology], language: SpokenLanguage
    ) -> PersonaAgent:
        return PersonaAgent(
            persona,
            tools_of(persona, self._settings.state_dir, self._embeddings),
            self._session,
            apology=apology,
            stt_watchdog=self._stt_watchdog,
            on_first_token=self._on_first_token,
            on_first_audio=self._on_first_audio,
            on_failure=self._on_failure,
            on_card=self._on_card,
            turns=turn_settings(self._settings, persona),
            chat_ctx=self._session.history.copy(exclude_instructions=True),
            language=language,
            apologies=apologies,
            llm=self._model(persona),
            stt=self._ear(persona),
            tts=self._voice(persona),
        )

    def _apology_of(self, persona: Persona) -> Apology:
        """Make the apology of the persona's own language, in its own voice."""
        return Apology(self._session, persona.apology, in_language(self._voice(persona) or self._session.tts, None))

    def _apologies_of(self, persona: Persona) -> dict[str, Apology]:
        """Make the apologies of the languages that have one, in their voices."""
        texts = {code: options.apology for code, options in persona.languages.items() if options.apology}
        voices = self._voice(persona) or self._session.tts
        return {code: Apology(self._session, text, in_language(voices, code)) for code, text in texts.items()}

    async def _close_apologies(self) -> None:
        for apology in (self._apology, *self._apologies.values()):
            await apology.aclose()

    def _connect_mcp(self, persona: Persona, agent: PersonaAgent) -> None:
        if persona.mcp:
            self._mcp = asyncio.create_task(self._connected(persona, agent), name="mcp_import")

    async def _connected(self, persona: Persona, agent: PersonaAgent) -> "McpServers":
        # The import takes a second if the process did not do it before its first job.
        module = await asyncio.to_thread(importlib.import_module, "agent.tools.mcp_servers")
        servers: McpServers = module.McpServers(persona.mcp, persona.folder, agent.add_tools, self.on_problem)
        return servers

    async def _disconnect_mcp(self) -> None:
        if self._mcp is not None:
            servers, self._mcp = self._mcp, None
            await (await servers).aclose()

    def _look_for_gaps(self, persona: Persona) -> None:
        if persona.knowledge is not None:
            self._looking = asyncio.create_task(self._tell_gaps(persona, persona.knowledge), name="knowledge_gaps")

    async def _tell_gaps(self, persona: Persona, knowledge: Knowledge) -> None:
        index = index_path(self._settings.state_dir, knowledge, persona.folder)
        for gap in await asyncio.to_thread(gaps, index, knowledge, time.time()):
            self.on_problem(gap)

    def _ear(self, persona: Persona) -> NotGivenOr[stt.STT[Any]]:
        make = partial(build_ear, self._settings, persona, self._session.vad)
        return self._of_its_own(self._ears, _ear_of, persona, make)

    def _voice(self, persona: Persona) -> NotGivenOr[tts.TTS[Any]]:
        return self._of_its_own(self._voices, _voice_of, persona, partial(build_voice, self._settings, persona))

    def _model(self, persona: Persona) -> NotGivenOr[llm.LLM[Any]]:
        return self._of_its_own(self._models, _model_of, persona, partial(build_model, self._settings, persona))

    def _of_its_own(
        self,
        made: dict[Hashable, Service],
        key_of: Callable[[Persona], Hashable],
        persona: Persona,
        make: Callable[[], Service],
    ) -> NotGivenOr[Service]:
        """Return a persona's service, made once for each key; NOT_GIVEN if the session's, the first persona's, fits."""
        key = key_of(persona)
        if key == key_of(self._first):
            return NOT_GIVEN
        if key not in made:
            made[key] = make()
        return made[key]

    def _on_unheard(self) -> None:
        self._on_failure("hearing")
        self._apology.say()


def _ear_of(persona: Persona) -> Hashable:
    return persona.language, persona.hearing


def _voice_of(persona: Persona) -> Hashable:
    return persona.voice, persona.language, tuple(persona.languages.items())


def _model_of(persona: Persona) -> Hashable:
    return persona.model


def _name_of(persona: Persona) -> str:
    """Return the name for the agent's tile, which has no picture: the avatar's tile has the plain name."""
    return f"{persona.name} (agent)"

"""Carries out the decisions about a caller who says nothing."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from livekit.agents import AgentSession, UserInputTranscribedEvent
from livekit.agents.utils import log_exceptions

from agent.call.presence import Presence
from agent.control.personas import Personas
from agent.conversation.silence import Ask, Decision, Facts, Leave, Silence
from agent.framework import running_tools
from agent.speech.queue import SpeechQueue

logger = logging.getLogger("agent")

# Why such a call ends, for the log and for LiveKit.
SILENT = "the caller has said nothing for a while"

# Seconds between two looks at the call: a question comes at most this late.
_TICK = 0.5

_WAITING_STATES = {"listening", "idle"}


class SilenceEnforcer:
    """Asks a silent caller whether they are there, and ends a silent call, by the current persona's options.

    Args:
        session: The agent session.
        speech: Of that session.
        presence: Of the call.
        personas: Of the call.
        is_held: Returns whether a caller holds the push-to-talk button.
        on_leave: Called, once, when the call is to end with the goodbye.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        speech: SpeechQueue,
        presence: Presence,
        personas: Personas,
        *,
        is_held: Callable[[], bool],
        on_leave: Callable[[], None],
    ) -> None:
        self._session = session
        self._speech = speech
        self._presence = presence
        self._personas = personas
        self._is_held = is_held
        self._on_leave = on_leave
        self._options = personas.persona.silence
        self._silence = Silence(self._options, _now())
        self._running: asyncio.Task[None] | None = None

    def enforce(self) -> None:
        """Begin, when the session has started."""
        self._session.on("user_input_transcribed", self._on_transcribed)
        self._running = asyncio.create_task(self._enforce(), name="silence")

    def used(self) -> None:
        """Note that a caller said a word, pressed a key or wrote a text."""
        self._silence.use(_now())

    def stop(self) -> None:
        """Stop deciding."""
        self._session.off("user_input_transcribed", self._on_transcribed)
        if self._running is not None:
            self._running.cancel()

    @log_exceptions(logger=logger)
    async def _enforce(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self._follow_persona()
            if self._options.is_on:
                self._carry_out(self._silence.observe(_now(), self._facts()))

    def _follow_persona(self) -> None:
        """Restart the count with the options of the persona that has taken over."""
        options = self._personas.persona.silence
        if options != self._options:
            self._options, self._silence = options, Silence(options, _now())

    def _facts(self) -> Facts:
        session, presence = self._session, self._presence
        # The agent's state follows the playback, and a speech that a noise has paused is still the current one.
        is_done = session.agent_state in _WAITING_STATES and session.current_speech is None
        can_answer = presence.is_there and presence.can_be_heard and not self._is_held()
        return Facts(
            is_waiting=is_done and can_answer and not running_tools(session), has_voice=session.user_state == "speaking"
        )

    def _carry_out(self, decision: Decision | None) -> None:
        match decision:
            case Ask(count=count):
                logger.info("the caller is silent and is asked", extra={"asked_before": count})
                with suppress(RuntimeError):  # the session is ending
                    self._ask(count)
            case Leave():
                self._on_leave()

    def _ask(self, count: int) -> None:
        if self._options.ask == "instructions":
            self._session.generate_reply(instructions=self._options.instructions)
        else:
            lines = self._personas.language.silence_lines
            self._speech.say(lines[count % len(lines)])

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.transcript.strip():
            self.used()


def _now() -> float:
    return asyncio.get_running_loop().time()

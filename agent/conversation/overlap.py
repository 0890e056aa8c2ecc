"""Keeps speech that is not a turn of the caller from the session: backchannels, noise, and the agent's own voice."""

import asyncio
import logging
from collections import deque
from math import inf
from typing import Any

from livekit.agents import AgentFalseInterruptionEvent, AgentSession, AgentStateChangedEvent
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.voice.io import AgentOutput

from agent.conversation.backchannels import Backchannels
from agent.conversation.said_words import said_words
from agent.framework import paused_speech
from agent.settings.turns import TurnSettings
from avatar.audio_output import AvatarAudioOutput

logger = logging.getLogger("agent")

_TRANSCRIPTS = {
    SpeechEventType.INTERIM_TRANSCRIPT,
    SpeechEventType.PREFLIGHT_TRANSCRIPT,
    SpeechEventType.FINAL_TRANSCRIPT,
}

# Seconds after the agent's last word within which its echo may still be transcribed.
_ECHO_LASTS = 1.0

# A backchannel this many seconds before the end of the agent's speech is an answer: "Shall I go on?" - "Okay."
_ANSWERS_WITHIN = 1.0

# After `_MOST_FALSE` false interruptions within `_FALSE_WITHIN` seconds, only words interrupt the agent, for
# `_WORDS_ONLY` seconds.
_MOST_FALSE = 3
_FALSE_WITHIN = 20.0
_WORDS_ONLY = 30.0


class Overlap:
    """Judges transcripts that come while the agent speaks.

    Voice pauses the agent. Transcripts that are rejected here do not count as words, so the agent resumes from the cut
    word.

    Args:
        session: The agent session.
        turns: How turns are taken.
    """

    def __init__(self, session: AgentSession[Any], turns: TurnSettings) -> None:
        self._session = session
        self._backchannels = Backchannels(turns.backchannels)
        self._spoke_until = -inf
        self._noise = NoiseGuard(session, turns.min_interruption_words)
        session.on("agent_state_changed", self._on_agent_state)

    def close(self) -> None:
        """Stop listening to the session."""
        self._session.off("agent_state_changed", self._on_agent_state)
        self._noise.close()

    def counts(self, event: SpeechEvent) -> bool:
        """Return whether the session gets an event of speech-to-text: it has words of the caller, or no words."""
        if event.type not in _TRANSCRIPTS or not event.alternatives or not event.alternatives[0].text:
            return True
        text = event.alternatives[0].text
        return not (self._is_backchannel(text) or self._is_echo(text))

    @property
    def _is_speaking(self) -> bool:
        paused = paused_speech(self._session)
        return self._session.agent_state == "speaking" or (paused is not None and paused[1])

    def _is_backchannel(self, text: str) -> bool:
        if not self._is_speaking or not self._backchannels.are_all_of(text):
            return False
        speech = _spoken_to(self._session.output)
        return speech is None or speech.is_ahead(_ANSWERS_WITHIN)

    def _is_echo(self, text: str) -> bool:
        said = said_words(self._session.output)
        if said is None or not (self._is_speaking or _now() - self._spoke_until < _ECHO_LASTS):
            return False
        return said.are_all_of(text)

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.old_state == "speaking":
            self._spoke_until = _now()


def _spoken_to(output: AgentOutput) -> AvatarAudioOutput | None:
    """Find the avatar in the chain of outputs that speech passes."""
    link = output.audio
    while link is not None and not isinstance(link, AvatarAudioOutput):
        link = link.next_in_chain
    return link


def _now() -> float:
    return asyncio.get_running_loop().time()


class NoiseGuard:
    """Lets only words interrupt the agent for a while after several false interruptions.

    Args:
        session: The agent session.
        min_words: How many words it takes to interrupt the agent otherwise.
    """

    def __init__(self, session: AgentSession[Any], min_words: int) -> None:
        self._session = session
        self._false = deque[float](maxlen=_MOST_FALSE)
        self._words = min_words
        self._timer: asyncio.TimerHandle | None = None
        session.on("agent_false_interruption", self._on_false_interruption)

    def close(self) -> None:
        """Let voice interrupt the agent again, and stop counting."""
        self._session.off("agent_false_interruption", self._on_false_interruption)
        if self._timer is not None:
            self._timer.cancel()
            self._relax()

    def _on_false_interruption(self, _: AgentFalseInterruptionEvent) -> None:
        self._false.append(_now())
        if len(self._false) == _MOST_FALSE and self._false[-1] - self._false[0] <= _FALSE_WITHIN:
            self._false.clear()
            logger.info("noise has interrupted the agent repeatedly: only words interrupt it for now")
            self._session.options.interruption["min_words"] = max(1, self._words)
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(_WORDS_ONLY, self._relax)

    def _relax(self) -> None:
        self._session.options.interruption["min_words"] = self._words
        self._timer = None

"""Failures of the vendors, reported to the caller in plain words."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

from livekit.agents import AgentSession, ErrorEvent, UserInputTranscribedEvent, llm, stt, tts

from agent.control.events import FailureEvent
from agent.conversation.persona_agent import Source

MESSAGES: dict[Source, str] = {
    "hearing": "I can't hear you at the moment. Please say it again, or type it.",
    "thinking": "I couldn't come up with an answer. Please ask again.",
    "speaking": "I couldn't say my answer. Please ask again.",
}

# Seconds within which the same failure is not reported twice: the framework and the agent's nodes may both notice it.
_AGAIN = 5.0


class Failures:
    """Reports failures that no retry has fixed.

    A failure of hearing lasts until words are understood again, and is reported once; each failed answer is reported.

    Args:
        session: The agent session, which emits the errors of its services.
        tell: Called with the event for the caller.
    """

    def __init__(self, session: AgentSession[Any], tell: Callable[[FailureEvent], None]) -> None:
        self._tell = tell
        self._told_at: dict[Source, float] = {}
        session.on("error", self._on_error)
        session.on("user_input_transcribed", self._on_transcribed)

    def tell(self, source: Source) -> None:
        """Report a failure, unless it was reported just now, or is a failure of hearing that still lasts."""
        now = asyncio.get_running_loop().time()
        again = inf if source == "hearing" else _AGAIN
        if now - self._told_at.get(source, -inf) >= again:
            self._told_at[source] = now
            self._tell(FailureEvent(source=source, message=MESSAGES[source]))

    def _on_error(self, event: ErrorEvent) -> None:
        match event.error:
            case stt.STTError(recoverable=False):
                self.tell("hearing")
            case llm.LLMError(recoverable=False):
                self.tell("thinking")
            case tts.TTSError(recoverable=False):
                self.tell("speaking")

    def _on_transcribed(self, _: UserInputTranscribedEvent) -> None:
        self._told_at.pop("hearing", None)

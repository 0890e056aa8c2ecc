"""Tells the caller what failed."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

from livekit.agents import AgentSession, ErrorEvent, llm, stt, tts

from agent.control.events import FailureEvent
from agent.conversation.persona_agent import Source

MESSAGES: dict[Source, str] = {
    "hearing": "You can't be understood at the moment. Please say it again, or write it.",
    "thinking": "I couldn't come up with an answer. Please ask again.",
    "speaking": "The answer could not be spoken. Please ask again.",
}

# Seconds in which the same is not told twice: the framework and the agent's nodes may both notice a failure.
_AGAIN = 5.0


class Failures:
    """Tells what fails for good; a failure that a retry mends is not told.

    Args:
        session: Emits the errors of its services.
        tell: Called with the event for the caller.
    """

    def __init__(self, session: AgentSession[Any], tell: Callable[[FailureEvent], None]) -> None:
        self._tell = tell
        self._told_at: dict[Source, float] = {}
        session.on("error", self._on_error)

    def tell(self, source: Source) -> None:
        """Tell that something failed."""
        now = asyncio.get_running_loop().time()
        if now - self._told_at.get(source, -inf) >= _AGAIN:
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

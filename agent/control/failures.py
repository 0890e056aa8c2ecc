"""What failed, in words for the caller."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

from livekit.agents import AgentSession, ErrorEvent, llm, stt, tts

from agent.control.events import FailureEvent
from agent.conversation.persona_agent import Source

MESSAGES: dict[Source, str] = {
    "hearing": "You can't be understood at the moment. Please say it again, or write it.",
    "thinking": "No answer could be thought of. Please ask again.",
    "speaking": "The answer could not be spoken. Please ask again.",
}

_AGAIN = 5.0
# Seconds in which the same is not told twice: the framework and the agent's nodes may both notice it.


class Failures:
    """Tells what fails for good; what is tried again with success is nothing to the caller.

    Args:
        session: Tells of the errors of its services.
        tell: Called with what the caller is to know.
    """

    def __init__(self, session: AgentSession[Any], tell: Callable[[FailureEvent], None]) -> None:
        self._tell = tell
        self._told_at: dict[Source, float] = {}
        session.on("error", self._on_error)

    def tell(self, source: Source) -> None:
        """Something failed."""
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

"""The words that the caller has just heard from the agent, to distinguish their echo from the caller's words."""

import asyncio
from collections import deque
from collections.abc import Callable

from livekit.agents.voice.io import AgentOutput, TextOutput

from agent.conversation.echo import is_echo
from agent.conversation.transcript import words

# Seconds for which words are kept.
_KEPT = 15.0

# A short transcript, whose words may recur by chance, is compared only with the last seconds: those of slow speech, and
# a moment until it is transcribed. A longer one may be a part of a long utterance, and come late.
_SHORT = 3
_SECONDS_PER_WORD = 0.6
_TRANSCRIBED_AFTER = 2.5


class SaidWords(TextOutput):
    """A text output that notes words that pass it when they are heard.

    Args:
        next_in_chain: Gets the words.
        on_heard: Called with each text when it is heard.
    """

    def __init__(self, next_in_chain: TextOutput, on_heard: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(label="SaidWords", next_in_chain=next_in_chain)
        self._next = next_in_chain
        self._on_heard = on_heard
        self._heard = deque[tuple[float, str]]()

    async def capture_text(self, text: str) -> None:
        """Note text, and pass it on."""
        now = asyncio.get_running_loop().time()
        self._on_heard(text)
        self._heard.extend((now, word) for word in words(text))
        while self._heard and now - self._heard[0][0] > _KEPT:
            self._heard.popleft()
        await self._next.capture_text(text)

    def flush(self) -> None:
        """Pass on the end of a segment."""
        self._next.flush()

    def are_all_of(self, transcript: str) -> bool:
        """Return whether a transcript that comes now is of the agent's own voice."""
        heard = words(transcript)
        age = _TRANSCRIBED_AFTER + _SECONDS_PER_WORD * len(heard) if len(heard) <= _SHORT else _KEPT
        since = asyncio.get_running_loop().time() - age
        return is_echo(heard, [word for at, word in self._heard if at >= since])


def said_words(output: AgentOutput) -> SaidWords | None:
    """Find the `SaidWords` in the chain of outputs that the transcription passes."""
    link = output.transcription
    while link is not None and not isinstance(link, SaidWords):
        link = link.next_in_chain
    return link

"""One context of a WebSocket: its text, its voice, and the task that speaks."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

from simulators.elevenlabs.alignment import normalise

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.elevenlabs.speaking import Chunk, Voice
    from simulators.elevenlabs.text import TextBuffer

_SENTENCES = 64  # most waiting sentences; beyond that no text is read


class Context:
    """Speaks its text, sentence by sentence, and sends `isFinal` when it is closed and everything is spoken.

    Args:
        name: Its id, in every message; None on a socket with only one context.
        voice: Speaks the sentences.
        text: Cuts the text into sentences.
        send: Sends a message.
    """

    def __init__(
        self, name: str | None, *, voice: Voice, text: TextBuffer, send: Callable[[dict[str, object]], Awaitable[None]]
    ) -> None:
        self._named: dict[str, object] = {} if name is None else {"contextId": name}
        self._voice = voice
        self._text = text
        self._send = send
        self._sentences: asyncio.Queue[str | None] = asyncio.Queue(_SENTENCES)

    async def push(self, text: str, *, flush: bool) -> None:
        """Add a piece of text; `flush` also speaks an incomplete sentence."""
        sentences = self._text.push(text)
        for sentence in sentences + self._text.flush() if flush else sentences:
            await self._sentences.put(sentence)

    async def close(self) -> None:
        """Accept no more text; the rest is still spoken."""
        await self.push("", flush=True)
        await self._sentences.put(None)

    async def run(self) -> None:
        """Speak until closed. Raises `SpeechError`."""
        while sentence := await self._sentences.get():
            async for chunk in self._voice.speak(sentence):
                await self._send(self._named | _audio(chunk))
        await self._send(self._named | {"audio": None, "isFinal": True})


def _audio(chunk: Chunk) -> dict[str, object]:
    return {
        "audio": base64.b64encode(chunk.pcm).decode(),
        "isFinal": None,
        "alignment": chunk.alignment,
        "normalizedAlignment": normalise(chunk.alignment),
    }

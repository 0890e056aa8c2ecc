"""The sentence that the caller hears after a failure, synthesised ahead, since text-to-speech itself may fail."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import AgentSession, APIError, tts
from livekit.agents.utils import aio

from agent.conversation.failure import describe

if TYPE_CHECKING:
    from livekit.agents import SpeechHandle

logger = logging.getLogger("agent")


class Apology:
    """A sentence that can be said without a text-to-speech service.

    Args:
        session: The agent session in which it is said.
        text: The sentence. Its audio is kept, which takes about 48 kB for each second.
        voice: Synthesises it; by default the session's text-to-speech.
    """

    def __init__(self, session: AgentSession[Any], text: str, voice: tts.TTS[Any] | None = None) -> None:
        self.text = text
        self._session = session
        self._voice = voice
        self._clip: rtc.AudioFrame | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._said: SpeechHandle | None = None

    def prepare(self) -> None:
        """Synthesise the sentence in the background, unless that is done or running."""
        if self._clip is None and (self._preparing is None or self._preparing.done()):
            self._preparing = asyncio.create_task(self._prepare(), name="apology")

    def say(self) -> None:
        """Say the sentence after the current speech; no-op while it is queued or being said.

        If it could not be synthesised so far, try again; if that fails too, the caller hears nothing.
        """
        if self._said is None or self._said.done():
            with suppress(RuntimeError):  # the session has ended
                self._said = self._session.say(self.text, audio=self._frames())

    async def aclose(self) -> None:
        """Stop synthesising."""
        if self._preparing is not None:
            await aio.cancel_and_wait(self._preparing)

    async def _prepare(self) -> None:
        voice = self._voice or self._session.tts
        if voice is None:
            return
        try:
            async with voice.synthesize(self.text, conn_options=self._session.conn_options.tts_conn_options) as stream:
                self._clip = await stream.collect()
        except APIError as error:
            extra = describe(error, voice.provider, said=[self.text])
            logger.warning("the apology could not be synthesised", extra=extra)

    async def _frames(self) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Yield frames of a tenth of a second, between which an interruption can cut the sentence."""
        self.prepare()
        if self._preparing is not None:
            await asyncio.shield(self._preparing)
        clip = self._clip
        if clip is None:
            if self._said is not None:
                # Otherwise the chat context would keep the sentence as said.
                self._said.interrupt(force=True)
            return
        samples = clip.sample_rate // 10 * clip.num_channels
        for start in range(0, len(clip.data), samples):
            piece = clip.data[start : start + samples]
            yield rtc.AudioFrame(bytes(piece), clip.sample_rate, clip.num_channels, len(piece) // clip.num_channels)

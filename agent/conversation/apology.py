"""What the caller hears when something failed: one line, made ahead, for when it is needed there may be no voice."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import AgentSession, APIError, tts
from livekit.agents.utils import aio

if TYPE_CHECKING:
    from livekit.agents import SpeechHandle

logger = logging.getLogger("agent")


class Apology:
    """A line that can be said without a text-to-speech service.

    Args:
        session: Where it is said.
        text: The line; its length bounds the audio that is kept, about 48 kB for each second.
        voice: Who says it; default the session's.
    """

    def __init__(self, session: AgentSession[Any], text: str, voice: tts.TTS[Any] | None = None) -> None:
        self.text = text
        self._session = session
        self._voice = voice
        self._clip: rtc.AudioFrame | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._said: SpeechHandle | None = None

    def prepare(self) -> None:
        """Synthesise it in the background, unless that was done."""
        if self._clip is None and (self._preparing is None or self._preparing.done()):
            self._preparing = asyncio.create_task(self._prepare(), name="apology")

    def say(self) -> None:
        """Say it behind what is being said, once however many ask until it was said.

        When it could not be synthesised so far, that is tried again; if it fails, the caller hears nothing.
        """
        if self._said is None or self._said.done():
            with suppress(RuntimeError):  # the session has ended meanwhile
                self._said = self._session.say(self.text, audio=self._frames())

    async def aclose(self) -> None:
        """Leave off preparing it."""
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
            logger.warning("no apology is at hand, its synthesis failed: %s", type(error).__name__)

    async def _frames(self) -> AsyncGenerator[rtc.AudioFrame, None]:
        """In frames of a tenth of a second, as a service would send them; an interruption cuts between two."""
        self.prepare()
        if self._preparing is not None:
            await asyncio.shield(self._preparing)
        clip = self._clip
        if clip is None:
            if self._said is not None:
                self._said.interrupt(force=True)  # or it would be kept as said
            return
        samples = clip.sample_rate // 10 * clip.num_channels
        for start in range(0, len(clip.data), samples):
            piece = clip.data[start : start + samples]
            yield rtc.AudioFrame(bytes(piece), clip.sample_rate, clip.num_channels, len(piece) // clip.num_channels)

"""Speech-to-text that reconnects after a failure: soon if the service failed, rarely if it refused the request."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import APIError, stt
from livekit.agents.stt import SpeechEvent

from agent.conversation.failure import describe, is_refusal
from agent.conversation.frames import Frames
from agent.conversation.stt_watchdog import SttWatchdog
from agent.framework import STT_MESSAGE, reports_messages

logger = logging.getLogger("agent")

# Seconds from a failure to the next connection: after the first failure, and at most. A service that failed is also
# connected when the caller begins to speak; one that refused the request, for its language say, would refuse it again.
_AFTER_FAILURE = (0.5, 8.0)
_AFTER_REFUSAL = (30.0, 300.0)

Connect = Callable[[AsyncIterable[rtc.AudioFrame]], AsyncGenerator[SpeechEvent, None]]


class Hearing:
    """The speech events of one stream after another.

    Args:
        watchdog: Ends a stream whose service is silent.
        language: The language that is heard, for the log.
    """

    def __init__(self, watchdog: SttWatchdog, language: str) -> None:
        self._watchdog = watchdog
        self._language = language
        self._failures = 0

    async def events(
        self, audio: AsyncIterable[rtc.AudioFrame], connect: Connect, source: stt.STT[Any] | None
    ) -> AsyncGenerator[SpeechEvent, None]:
        """Yield the events until the audio ends.

        Args:
            audio: The caller's microphone.
            connect: Opens a stream that reads frames and yields events.
            source: The speech-to-text service of the stream.
        """
        frames = Frames(audio)
        if source is not None:
            source.on(STT_MESSAGE, self._watchdog.note_reaction)
        try:
            while True:
                try:
                    async with aclosing(self._watched(connect(frames), source)) as events:
                        async for event in events:
                            self._works()
                            yield event
                except APIError as error:
                    await self._wait(error, source, frames)
                else:
                    return
        finally:
            frames.close()
            if source is not None:
                source.off(STT_MESSAGE, self._watchdog.note_reaction)

    def _watched(
        self, events: AsyncGenerator[SpeechEvent, None], source: stt.STT[Any] | None
    ) -> AsyncGenerator[SpeechEvent, None]:
        return self._watchdog.watch(events, reports_messages=source is not None and reports_messages(source))

    def _works(self) -> None:
        if self._failures:
            self._failures = 0
            logger.info("speech-to-text works again")

    async def _wait(self, error: APIError, source: stt.STT[Any] | None, frames: Frames) -> None:
        is_refused = is_refusal(error)
        first, most = _AFTER_REFUSAL if is_refused else _AFTER_FAILURE
        seconds = min(first * 2.0**self._failures, most)
        if not self._failures:
            self._report(error, source, is_refused=is_refused)
        self._failures += 1
        until = asyncio.Event() if is_refused else self._watchdog.speaking
        until.clear()
        await frames.skip(seconds, until)

    def _report(self, error: APIError, source: stt.STT[Any] | None, *, is_refused: bool) -> None:
        """Log the first failure in a row."""
        extra = describe(error, source.provider if source else "none")
        extra |= {"model": source.model if source else "", "language": self._language}
        if is_refused:
            logger.error("speech-to-text refused the request: check its key, its model and the language", extra=extra)
        else:
            logger.warning("speech-to-text failed", extra=extra)

"""Audio frames for successive speech-to-text streams."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from typing import Self

from livekit import rtc

# Seconds of audio from the time without a stream that the next stream gets: the caller's latest words.
_KEPT = 2.0


class Frames:
    """An iterator over frames that survives the streams that read from it.

    A stream reads in a task that is cancelled when the stream fails; the cancellation would end a generator.

    Args:
        frames: The frames of a microphone.
    """

    def __init__(self, frames: AsyncIterable[rtc.AudioFrame]) -> None:
        self._frames = aiter(frames)
        self._coming: asyncio.Task[rtc.AudioFrame | None] | None = None
        self._kept: deque[rtc.AudioFrame] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> rtc.AudioFrame:
        if self._kept:
            return self._kept.popleft()
        frame = await asyncio.shield(self._next())
        if frame is None:
            raise StopAsyncIteration
        self._coming = None
        return frame

    async def skip(self, seconds: float, until: asyncio.Event) -> None:
        """Drop the frames of the next seconds, except the last two seconds of them.

        Args:
            seconds: How long to skip at most.
            until: Ends the skipping earlier.
        """
        waiting = asyncio.create_task(until.wait())
        try:
            async with asyncio.timeout(seconds):
                while not until.is_set():
                    await asyncio.wait({self._next(), waiting}, return_when=asyncio.FIRST_COMPLETED)
                    if not self._keep():
                        await waiting
        except TimeoutError:
            pass
        finally:
            waiting.cancel()

    def close(self) -> None:
        """Stop reading."""
        if self._coming is not None:
            self._coming.cancel()

    def _keep(self) -> bool:
        """Keep the frame that came, if one did; return False at the end of the audio."""
        if self._coming is None or not self._coming.done():
            return True
        frame = self._coming.result()
        if frame is None:
            return False
        self._coming = None
        self._kept.append(frame)
        while sum(kept.duration for kept in self._kept) > _KEPT:
            self._kept.popleft()
        return True

    def _next(self) -> "asyncio.Task[rtc.AudioFrame | None]":
        if self._coming is None:
            self._coming = asyncio.create_task(_next_or_none(self._frames))
        return self._coming


async def _next_or_none(frames: AsyncIterator[rtc.AudioFrame]) -> rtc.AudioFrame | None:
    return await anext(frames, None)

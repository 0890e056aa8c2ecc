"""Captions of the avatar's speech, shown when the words are heard."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from livekit.agents.types import TimedString
from livekit.agents.utils import is_given
from livekit.agents.voice.io import TextOutput

from avatar.captions.delay import Beginnings
from avatar.core.caption import Caption

logger = logging.getLogger("avatar")

# Seconds between two checks of the playback position: a word is shown that much late at most.
_TICK = 0.05

# Seconds for the room to take a word.
_ROOM_TIMEOUT = 3.0


class AvatarCaptions(TextOutput):
    """A text output that holds each word back until the avatar speaks it, and `delay` seconds longer.

    An interrupted segment shows the words that were heard, and the chat context gets the same.

    Args:
        next_in_chain: The room's transcription, which gets the words.
        played: Returns how many seconds of the current segment have been played; 0 before it has begun.
        is_spoken: Returns whether captured text is also spoken. Text that is not spoken is shown at once.
        delay: Seconds from the playback that the service reports until the caller hears it.

    Attributes:
        beginnings: The starts of segments, for a `DelayMeter`.
    """

    def __init__(
        self,
        next_in_chain: TextOutput,
        played: Callable[[], float],
        *,
        is_spoken: Callable[[], bool] = lambda: True,
        delay: float = 0.0,
    ) -> None:
        super().__init__(label="LiveAvatar", next_in_chain=next_in_chain)
        self._delay = delay
        self.beginnings = Beginnings()
        self._next = next_in_chain
        self._played = played
        self._is_spoken = is_spoken
        self._is_written = False
        self._caption = Caption()
        self._capturing = self._is_truncated = False
        self._playing = asyncio.Event()
        self._is_closing = asyncio.Event()
        self._shown = asyncio.Queue[tuple[float, str | None] | None]()
        self._following = asyncio.create_task(self._follow(), name="avatar_captions")
        self._showing = asyncio.create_task(self._show(), name="avatar_captions")

    # Called by the framework

    async def capture_text(self, text: str) -> None:
        """Append text of the segment, timed or not."""
        if not self._is_spoken():
            self._is_written = True
            self._shown.put_nowait((_now(), text))
            return
        self._capturing = True
        start = text.start_time if isinstance(text, TimedString) else None
        self._caption.push(text, start if is_given(start) else None)

    def flush(self) -> None:
        """Mark the segment's text as complete."""
        if self._is_written:
            self._is_written = False
            self._shown.put_nowait((_now(), None))
        if self._capturing:
            self._capturing = False
            self._caption.end()

    # Called by the audio output

    def start(self, at: float) -> None:
        """Start showing the segment, whose first sound is at `at`, in the event loop's time."""
        self.beginnings.tell(at, _now())
        self._playing.set()

    def truncate(self) -> None:
        """Note that the segment's audio ends before its text, because the TTS failed."""
        self._is_truncated = True

    def end_audio(self, seconds: float) -> None:
        """Set the length of the segment's audio, which is complete; without audio none of its text is shown."""
        if not seconds:
            self._renew()
        elif not self._is_truncated:
            self._caption.lasts(seconds)

    def finish(self, position: float, *, interrupted: bool) -> str:
        """End the segment where its playback ended.

        Args:
            position: Seconds of it that were played.
            interrupted: True if it was cut off there.

        Returns:
            The text that was heard.
        """
        caption = self._caption
        if not (interrupted or self._is_truncated):
            self._post(caption.rest())
        elif position > 0:
            self._post(caption.upto(position))
        if caption.heard:
            self._shown.put_nowait((_now() + self._delay, None))
        self._renew()
        return caption.heard

    def set_delay(self, seconds: float) -> None:
        """Show later words `seconds` after the avatar speaks them."""
        logger.debug("the captions' delay changed", extra={"seconds": round(seconds, 2)})
        self._delay = seconds

    async def aclose(self) -> None:
        """Show the delayed words at once, and then stop."""
        self._following.cancel()
        self._is_closing.set()
        self._shown.put_nowait(None)
        await asyncio.wait([self._showing], timeout=_ROOM_TIMEOUT)
        self._showing.cancel()
        await asyncio.gather(self._following, self._showing, return_exceptions=True)

    def _renew(self) -> None:
        self._playing.clear()
        self._capturing = self._is_truncated = False
        self._caption = Caption()

    def _post(self, text: str) -> None:
        if text:
            self._shown.put_nowait((_now() + self._delay, text))

    async def _follow(self) -> None:
        while True:
            await self._playing.wait()
            self._post(self._caption.upto(self._played()))
            await asyncio.sleep(_TICK)

    async def _show(self) -> None:
        while (item := await self._shown.get()) is not None:
            at, text = item
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(at):
                    await self._is_closing.wait()
            await self._pass_on(text)

    async def _pass_on(self, text: str | None) -> None:
        """Show a word, or the end of the segment (None); a room that is disconnected may fail or never answer."""
        try:
            async with asyncio.timeout(_ROOM_TIMEOUT):
                if text is None:
                    self._next.flush()
                else:
                    await self._next.capture_text(text)
        except Exception as error:  # noqa: BLE001 - whatever the failure: the next segment is captioned again
            logger.warning("a caption could not be shown", extra={"error": type(error).__name__})


def _now() -> float:
    return asyncio.get_running_loop().time()

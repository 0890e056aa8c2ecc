"""The transcription of what the avatar says, in the time in which it is seen and heard."""

import asyncio
import logging
from collections.abc import Callable

from livekit.agents.types import TimedString
from livekit.agents.utils import is_given
from livekit.agents.voice.io import TextOutput

from avatar.captions.delay import Beginnings
from avatar.core.caption import Caption

logger = logging.getLogger("avatar")

_TICK = 0.05
# Seconds between two looks at the clock while there is something to show: a word is seen that much late at the most.

_SHOWN_WITHIN = 3.0
# Seconds for the room to take a word.


class AvatarCaptions(TextOutput):
    """Holds each word back until the avatar has come to it, and `delay` seconds longer.

    What is shown of a segment that is interrupted is what was heard of it, and the chat context gets the same.

    Args:
        next_in_chain: Where the words go: the room's transcription.
        played: Seconds played of the segment that is being played, 0 before it has begun.
        is_spoken: Whether what is captured is also said; what is only written is shown at once.
        delay: Seconds from the avatar's mouth, as the service tells of it, to the caller's ear.

    Attributes:
        beginnings: Told of each beginning, for a `DelayMeter`.
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
        self._shown = asyncio.Queue[tuple[float, str | None]]()
        self._tasks = [asyncio.create_task(task, name="avatar_captions") for task in (self._follow(), self._show())]

    # What the framework does

    async def capture_text(self, text: str) -> None:
        """Take text of the segment, timed or not."""
        if not self._is_spoken():
            self._is_written = True
            self._shown.put_nowait((_now(), text))
            return
        self._capturing = True
        start = text.start_time if isinstance(text, TimedString) else None
        self._caption.push(text, start if is_given(start) else None)

    def flush(self) -> None:
        """The segment's text is complete."""
        if self._is_written:
            self._is_written = False
            self._shown.put_nowait((_now(), None))
        if self._capturing:
            self._capturing = False
            self._caption.end()

    # What the audio output tells

    def start(self, at: float) -> None:
        """The avatar has begun to say the segment, whose first sound is at `at`, the event loop's time."""
        self.beginnings.tell(at)
        self._playing.set()

    def truncate(self) -> None:
        """The segment's audio ends before its text, by a fault of the voice that makes it."""
        self._is_truncated = True

    def end_audio(self, seconds: float) -> None:
        """The segment's audio is complete: so much, or none, and then nothing of its text is shown."""
        if not seconds:
            self._renew()
        elif not self._is_truncated:
            self._caption.lasts(seconds)

    def finish(self, position: float, *, interrupted: bool) -> str:
        """The segment is over where it was played to.

        Returns:
            What was heard of it.
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
        """Show what comes from now on so much after the avatar's mouth."""
        logger.debug("captions follow the avatar by %.2f s", seconds)
        self._delay = seconds

    async def aclose(self) -> None:
        """Show nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
        while True:
            at, text = await self._shown.get()
            await asyncio.sleep(at - _now())
            await self._pass_on(text)

    async def _pass_on(self, text: str | None) -> None:
        """Show a word, or that the segment is complete. The room may be away, and then it fails or never answers."""
        try:
            async with asyncio.timeout(_SHOWN_WITHIN):
                if text is None:
                    self._next.flush()
                else:
                    await self._next.capture_text(text)
        except Exception as error:  # noqa: BLE001 - whatever it is: the next segment is shown again
            logger.warning("a caption could not be shown: %s", type(error).__name__)


def _now() -> float:
    return asyncio.get_running_loop().time()

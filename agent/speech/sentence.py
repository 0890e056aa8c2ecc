"""A sentence in the speech queue, and its audio, which is synthesised ahead of its turn."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable
from enum import Enum

from livekit import rtc
from livekit.agents import Agent, ModelSettings
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import aio, is_given


class SentenceState(Enum):
    """The state of a sentence; the last three are final."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Sentence:
    """A sentence in a speech queue. `await sentence` waits until it is done, and never raises.

    Args:
        text: The text to speak.
        gap: The blanks before this sentence.

    Attributes:
        state: Its state.
        position: Seconds that were played, once it is done.
        duration: Seconds of its audio; None until all of it is synthesised, and if synthesis failed.
        error: Why its synthesis failed. The audio that was made until then is played.
    """

    def __init__(self, text: str, *, gap: str = " ") -> None:
        self.text = text
        self.gap = gap
        self.state = SentenceState.QUEUED
        self.position = 0.0
        self.duration: float | None = None
        self.error: BaseException | None = None
        self._started = asyncio.Event()
        self._done = asyncio.Event()

    def __await__(self) -> Generator[object, None, "Sentence"]:
        yield from self._done.wait().__await__()
        return self

    @property
    def is_done(self) -> bool:
        """Whether its state is final."""
        return self._done.is_set()

    async def wait_for_start(self) -> None:
        """Wait until the sentence is being played, or is done without having been played."""
        await self._started.wait()

    def start(self) -> None:
        """Note that the sentence's first audio is being played."""
        self.state = SentenceState.STARTED
        self._started.set()

    def end(self, state: SentenceState, position: float) -> None:
        """Set the final state."""
        self.state, self.position = state, position
        self._started.set()
        self._done.set()


class Synthesis:
    """The audio of one text, synthesised by an agent's `tts_node`.

    Iterate once over its frames. The text is spoken word for word: the session's text transforms are not applied.

    Args:
        agent: The agent whose TTS speaks.
        text: The text to speak.

    Attributes:
        seconds: Length of the audio so far.
        error: Why synthesis failed; known when the frames end.
    """

    def __init__(self, agent: Agent, text: str) -> None:
        self.seconds = 0.0
        self.error: BaseException | None = None
        self._begun = asyncio.Event()
        self._frames = aio.Chan[rtc.AudioFrame]()
        self._task = asyncio.create_task(self._run(agent, text), name="synthesis")
        self._task.add_done_callback(self._on_done)

    async def has_audio(self) -> bool:
        """Wait for the first frame; return False if synthesis ended without one."""
        await self._begun.wait()
        return self.seconds > 0

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self._frames

    async def aclose(self) -> None:
        """Cancel the synthesis."""
        await aio.cancel_and_wait(self._task)

    async def _run(self, agent: Agent, text: str) -> None:
        node = agent.tts_node(_stream(text), ModelSettings())
        frames = node if isinstance(node, AsyncIterable) else await node
        if frames is None:
            return
        async for frame in frames:
            self.seconds += frame.duration
            self._frames.send_nowait(frame)
            self._begun.set()

    def _on_done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self.error = task.exception()
        self._frames.close()
        self._begun.set()


class Captions:
    """The text of a segment along with its audio: by sentence or, if the TTS times words, by word.

    Iterate over it once.

    Args:
        is_aligned: Whether the TTS times its words.
    """

    def __init__(self, *, is_aligned: bool) -> None:
        self._is_aligned = is_aligned
        self._texts = aio.Chan[str]()
        self._text = ""
        self._needs_gap = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self._texts

    def begin_sentence(self, sentence: Sentence) -> None:
        """Begin a sentence that has audio."""
        if self._needs_gap and sentence.gap:
            self._write(sentence.gap)
        self._text = sentence.text
        if not self._is_aligned:
            self._write_whole()

    def push(self, words: Iterable[TimedString]) -> None:
        """Append words of the sentence; their times count from the start of the segment."""
        if not self._is_aligned:
            return
        for word in words:
            self._text = ""
            self._write(word)

    def end_sentence(self) -> None:
        """End the sentence; if the TTS timed none of its words, write it as a whole."""
        self._write_whole()

    def close(self) -> None:
        """End the segment."""
        self._texts.close()

    def _write_whole(self) -> None:
        if self._text:
            self._write(self._text)
            self._text = ""

    def _write(self, text: str) -> None:
        self._texts.send_nowait(text)
        self._needs_gap = not text[-1:].isspace()


def move_words(frame: rtc.AudioFrame, offset: float) -> list[TimedString]:
    """Add `offset` seconds to the times of the words that come with a frame.

    Returns:
        The words, whose times now count from the start of the segment.
    """
    words = [_moved(word, offset) for word in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT) or []]
    frame.userdata[USERDATA_TIMED_TRANSCRIPT] = words
    return words


def _moved(word: TimedString, offset: float) -> TimedString:
    start, end = word.start_time, word.end_time
    return TimedString(
        word,
        start_time=start + offset if is_given(start) else start,
        end_time=end + offset if is_given(end) else end,
    )


async def _stream(text: str) -> AsyncIterator[str]:
    yield text

"""A sentence that is said: what became of it, and its audio, which is made ahead of its turn."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Sequence
from enum import Enum

from livekit import rtc
from livekit.agents import Agent, ModelSettings
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import aio, is_given
from livekit.agents.voice.transcription.text_transforms import TextTransforms

from agent.framework import apply_text_transforms


class SentenceState(Enum):
    """What became of a sentence; the last three are final."""

    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class Sentence:
    """A sentence in a speech queue. `await sentence` waits until it is done, and never raises.

    Attributes:
        text: What is said.
        state: What became of it.
        position: Seconds of it that were played, once it is done.
        error: Why its synthesis failed. What had been made of it until then is played.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.state = SentenceState.QUEUED
        self.position = 0.0
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
        """Wait until it is being played, or done without that."""
        await self._started.wait()

    def start(self) -> None:
        """Its first audio is being played."""
        self.state = SentenceState.STARTED
        self._started.set()

    def end(self, state: SentenceState, position: float) -> None:
        """It is over."""
        self.state, self.position = state, position
        self._started.set()
        self._done.set()


class Synthesis:
    """The audio of one text, made by an agent's `tts_node`, so with its TTS, be that a streaming one or not.

    Iterate once over its frames.

    Attributes:
        seconds: Made so far.
        error: Why it failed; known when the frames end.
    """

    def __init__(self, agent: Agent, text: str, transforms: Sequence[TextTransforms]) -> None:
        self.seconds = 0.0
        self.error: BaseException | None = None
        self._begun = asyncio.Event()
        self._frames = aio.Chan[rtc.AudioFrame]()
        self._task = asyncio.create_task(self._run(agent, text, transforms), name="synthesis")
        self._task.add_done_callback(self._on_done)

    async def has_audio(self) -> bool:
        """Wait for the first frame; False when it ended without one."""
        await self._begun.wait()
        return self.seconds > 0

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self._frames

    async def aclose(self) -> None:
        """Stop it."""
        await aio.cancel_and_wait(self._task)

    async def _run(self, agent: Agent, text: str, transforms: Sequence[TextTransforms]) -> None:
        # The framework transforms text before it calls the node, and offers no other way to do so.
        node = agent.tts_node(apply_text_transforms(_stream(text), transforms), ModelSettings())
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
    """The text of a segment, beside its audio: each sentence as a whole or, where the TTS times them, by its words.

    Iterate over it once.

    Args:
        is_aligned: Whether the TTS is to tell the times of its words.
    """

    def __init__(self, *, is_aligned: bool) -> None:
        self._is_aligned = is_aligned
        self._texts = aio.Chan[str]()
        self._text = ""
        self._needs_space = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self._texts

    def begin_sentence(self, text: str) -> None:
        """A sentence has audio."""
        if self._needs_space:
            self._write(" ")
        self._text = text
        if not self._is_aligned:
            self._write_whole()

    def push(self, words: Iterable[TimedString]) -> None:
        """Words of the sentence; their times count from the segment's start."""
        if not self._is_aligned:
            return
        for word in words:
            self._text = ""
            self._write(word)

    def end_sentence(self) -> None:
        """The sentence is complete: without a single timed word it is written after all."""
        self._write_whole()

    def close(self) -> None:
        """The segment is complete."""
        self._texts.close()

    def _write_whole(self) -> None:
        if self._text:
            self._write(self._text)
            self._text = ""

    def _write(self, text: str) -> None:
        self._texts.send_nowait(text)
        self._needs_space = not text[-1:].isspace()


def move_words(frame: rtc.AudioFrame, offset: float) -> list[TimedString]:
    """Let the words that come with a frame count from the start of a segment in which their sentence is at `offset`."""
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

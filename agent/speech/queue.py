"""A queue of sentences that are heard as one speech."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Any, Literal

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.utils import is_given
from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent, PlaybackProgressedEvent, PlaybackStartedEvent

from agent.speech.playout import Playout, played, reached
from agent.speech.sentence import Captions, Sentence, SentenceState, Synthesis, move_words

logger = logging.getLogger("agent")

# Most sentences after the playing one, and most seconds of audio, that are synthesised ahead. An interruption discards
# them.
_SENTENCES_AHEAD = 2
_MOST_AHEAD = 10.0

# Seconds before the end of its audio at which a speech is closed if nothing follows. The avatar then gets the end of
# the segment before it runs dry, and a later sentence could hardly be synthesised in time to follow without a gap.
_JOIN = 0.5

_TICK = 0.02

# Seconds by which resampling, and adding floats, may move the end of a sentence.
_ROUNDING = 0.001


class SpeechQueue(rtc.EventEmitter[Literal["sentence_started", "sentence_ended"]]):
    """Says sentences one after the other without a gap: each is synthesised while the ones before it play.

    A sentence that is queued while another plays joins its speech, which is one `SpeechHandle` of the framework: one
    turn, one message in the chat context, one interruption. An interruption, by the user or by `clear`, empties the
    queue.

    Emits `sentence_started` and `sentence_ended` with the `Sentence`, in the order in which they were queued. During a
    speech the times of these events are estimated from the time that has passed; an interruption uses the position
    that the audio output reports.

    Args:
        session: The agent session; it must be running when a sentence is queued.
    """

    def __init__(self, session: AgentSession[Any]) -> None:
        super().__init__()
        self._session = session
        self._speeches: list[_Speech] = []
        self._may_speak = asyncio.Event()
        self._may_speak.set()

    def hold(self) -> None:
        """Synthesise queued sentences, but do not say them before `release`."""
        self._may_speak.clear()

    def release(self) -> None:
        """Say the sentences that were held back."""
        self._may_speak.set()

    def say(self, text: str, *, gap: str = " ") -> Sentence:
        """Queue a sentence, which is spoken word for word.

        Args:
            text: The sentence.
            gap: The blanks before this sentence, in captions and in the chat context.

        Raises:
            RuntimeError: The session is not running.
        """
        if not self._speeches or not self._speeches[-1].takes_more:
            self._open()
        sentence = Sentence(text, gap=gap)
        self._speeches[-1].append(sentence)
        return sentence

    def clear(self) -> None:
        """Interrupt the playing sentence, and drop the others; each ends at the position to which it was played."""
        for speech in self._speeches:
            speech.interrupt()

    async def aclose(self) -> None:
        """Clear the queue, and wait until every sentence is done."""
        self.clear()
        await asyncio.gather(*(speech.following for speech in self._speeches))

    def _open(self) -> None:
        behind = self._speeches[-1] if self._speeches else None
        if behind is not None and behind.handle.interrupted:
            behind = None  # an interruption does not affect what is queued after it
        speech = _Speech(self._session, self, behind, self._may_speak)
        self._speeches.append(speech)
        speech.following.add_done_callback(lambda _: self._speeches.remove(speech))


class _Speech:
    """One segment: sentences, until none is queued in time.

    The framework pulls frames and captions without knowing sentences. It pulls when earlier speeches are over: from
    the first pull on, the audio output's events belong to this speech.
    """

    def __init__(
        self, session: AgentSession[Any], queue: SpeechQueue, behind: "_Speech | None", may_speak: asyncio.Event
    ) -> None:
        self._session = session
        self._may_speak = may_speak
        self._queue = queue
        self._behind = behind
        self._sentences: list[Sentence] = []
        self._syntheses: list[Synthesis] = []
        self._playout = Playout()
        self._captions = Captions(is_aligned=_is_aligned(session))
        self._handed_over = 0  # sentences of which the framework has all frames
        self._ended = 0
        self._is_closed = False
        self._output = session.output.audio if session.output.audio_enabled else None
        if self._output is None:
            self.handle = session.say(self._written())
        else:
            self.handle = session.say(aiter(self._captions), audio=self._frames(self._output))
        self.following = asyncio.create_task(self._follow(), name="speech_follow")

    @property
    def takes_more(self) -> bool:
        """Whether another sentence can join this speech."""
        return not (self._is_closed or self.handle.interrupted or self.handle.done())

    def append(self, sentence: Sentence) -> None:
        """Queue a sentence after the others."""
        self._sentences.append(sentence)
        self._synthesise_ahead()

    def interrupt(self) -> None:
        """Interrupt this speech, unless it was played to its end."""
        if self._ended < len(self._sentences):
            self.handle.interrupt(force=True)

    # What the framework pulls

    async def _frames(self, output: AudioOutput) -> AsyncGenerator[rtc.AudioFrame, None]:
        await self._may_speak.wait()
        output.on("playback_started", self._on_playback_started)
        output.on("playback_progressed", self._on_playback_progressed)
        output.on("playback_finished", self._on_playback_finished)
        while await self._has_next():
            async for frame in self._audio(self._sentences[self._handed_over], self._syntheses[self._handed_over]):
                yield frame
            self._handed_over += 1
        self._captions.close()

    async def _has_next(self) -> bool:
        """Wait for the next sentence, while it can still follow without a gap."""
        while not self._is_closed:
            if self._handed_over < len(self._syntheses):
                return True
            if self._handed_over == len(self._sentences) and self._playout.runs_dry_in(_now()) <= _JOIN:
                self._is_closed = True
            else:
                await asyncio.sleep(_TICK)
        return False

    async def _audio(self, sentence: Sentence, synthesis: Synthesis) -> AsyncGenerator[rtc.AudioFrame, None]:
        has_audio = await synthesis.has_audio()
        self._playout.begin_sentence()
        offset = self._playout.pushed
        if has_audio:
            self._captions.begin_sentence(sentence)
        async for frame in synthesis:
            self._playout.push(frame.duration, _now())
            self._captions.push(move_words(frame, offset))
            yield frame
        sentence.error = synthesis.error
        if sentence.error is None:
            sentence.duration = self._playout.durations[-1]
            self._captions.end_sentence()
        else:
            logger.warning(
                "a sentence was skipped: its synthesis failed", extra={"error": type(sentence.error).__name__}
            )

    async def _written(self) -> AsyncGenerator[str, None]:
        """Yield the text, for a session whose audio is off."""
        while self._handed_over < len(self._sentences):
            sentence = self._sentences[self._handed_over]
            self._playout.begin_sentence()
            yield f"{sentence.gap}{sentence.text}" if self._handed_over else sentence.text
            self._handed_over += 1
        self._is_closed = True

    # While it plays

    async def _follow(self) -> None:
        try:
            while not self.handle.done():
                self._advance()
                await asyncio.sleep(_TICK)
        finally:
            self._end()
            await asyncio.gather(*(synthesis.aclose() for synthesis in self._syntheses))

    def _advance(self) -> None:
        if self._behind is not None and self._behind.handle.interrupted:
            self.interrupt()
        # While a speech is paused, the framework's state is `listening`.
        self._playout.advance(_now(), is_playing=self._session.agent_state != "listening")
        self._report()
        self._synthesise_ahead()

    def _synthesise_ahead(self) -> None:
        playing = max(reached(self._playout.durations, self._playout.position) - 1, 0)
        for sentence in self._sentences[len(self._syntheses) : playing + 1 + _SENTENCES_AHEAD]:
            made = sum(synthesis.seconds for synthesis in self._syntheses)
            if self._output is None or made - self._playout.position > _MOST_AHEAD:
                return
            self._syntheses.append(Synthesis(self._session.current_agent, sentence.text))

    def _report(self) -> None:
        """Report the sentences that ended, and the one that has begun."""
        count = reached(self._playout.durations, self._playout.position)
        while self._ended < count - 1:
            self._end_next()
        if self._ended < count and self._playout.is_started and self._playout.durations[self._ended]:
            self._start(self._sentences[self._ended])

    def _start(self, sentence: Sentence) -> None:
        if sentence.state is SentenceState.QUEUED:
            sentence.start()
            self._queue.emit("sentence_started", sentence)

    def _end_next(self) -> None:
        index, durations = self._ended, self._playout.durations
        sentence = self._sentences[index]
        position = played(durations, self._playout.position)[index] if index < len(durations) else 0.0
        is_whole = index < self._handed_over and position >= durations[index] - _ROUNDING
        if position:
            self._start(sentence)
        if sentence.error is not None:
            sentence.end(SentenceState.FAILED, position)
        else:
            sentence.end(SentenceState.FINISHED if is_whole else SentenceState.INTERRUPTED, position)
        self._ended += 1
        self._queue.emit("sentence_ended", sentence)

    def _end(self) -> None:
        """End all remaining sentences: nothing more is played."""
        self._is_closed = True
        if self._output is not None:
            self._output.off("playback_started", self._on_playback_started)
            self._output.off("playback_progressed", self._on_playback_progressed)
            self._output.off("playback_finished", self._on_playback_finished)
        while self._ended < len(self._sentences):
            self._end_next()

    def _on_playback_started(self, _: PlaybackStartedEvent) -> None:
        self._playout.start(_now())

    def _on_playback_progressed(self, event: PlaybackProgressedEvent) -> None:
        self._playout.correct(event.offset + event.duration)

    def _on_playback_finished(self, event: PlaybackFinishedEvent) -> None:
        self._playout.correct(event.playback_position if event.interrupted else self._playout.pushed)
        self._end()


def _is_aligned(session: AgentSession[Any]) -> bool:
    """Return whether captions follow the times of the TTS, as the framework decides it."""
    agent = session.current_agent
    wanted = agent.use_tts_aligned_transcript
    tts = agent.tts if is_given(agent.tts) else session.tts
    if tts is None or not (wanted if is_given(wanted) else session.options.use_tts_aligned_transcript):
        return False
    return tts.capabilities.aligned_transcript or not tts.capabilities.streaming


def _now() -> float:
    return asyncio.get_running_loop().time()

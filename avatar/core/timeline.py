"""The timeline: all speech that was captured and not played, and the part of it that is at the service.

Segments are spoken in the order of their capture, one at a time. The first of them may have a `Speech` at the
service; when that is taken back, the segment goes on from the word that was cut, wherever it is handed over next.
"""

from collections import deque
from collections.abc import Iterable

from avatar.core.audio import BYTES_PER_SAMPLE
from avatar.core.chunking import Chunking
from avatar.core.clock import Run
from avatar.core.commands import Speak, SpeakEnd
from avatar.core.events import Event, PlaybackFinished, PlaybackProgressed, PlaybackStarted, SpeechLost, SpeechSent
from avatar.core.ids import Ids
from avatar.core.segment import Segment
from avatar.core.signs import Kind, Sign
from avatar.core.speech import Speech, State, Trigger
from avatar.core.words import Word

_AGREEMENT = 0.5
# How far the clock and the service may be apart, in seconds, and still mean the same end: the clock starts when
# the news of the start arrives, later than the avatar's mouth.

_NOW = float("-inf")

_REMEMBERED_IDS = 64
# Of speeches that are over: their late events are told from those of the next one.


class Timeline:
    """Segments from capture to playback.

    Args:
        ids: Where event ids come from.
        chunking: Sizes of chunks.
        start_timeout: Seconds to wait for a sign of speech after audio was handed over.
        end_timeout: Seconds to wait for the end after the clock has come to it.
    """

    def __init__(self, ids: Ids, chunking: Chunking, *, start_timeout: float, end_timeout: float) -> None:
        self.events: list[Event] = []
        """What happened, for the protocol to collect."""
        self.speech: Speech | None = None
        """What is at the service of the first segment."""
        self._ids = ids
        self._chunking = chunking
        self._start_timeout = start_timeout
        self._end_timeout = end_timeout
        self._segments: deque[Segment] = deque()
        self._capturing: Segment | None = None
        self._captured = 0
        self._owes_end = False  # the service, of a speech that is over
        self._past_ids: deque[str] = deque(maxlen=_REMEMBERED_IDS)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to say."""
        return not self._segments

    @property
    def playing(self) -> bool:
        """Whether the mouth says that it speaks."""
        return self.speech is not None and self.speech.state is State.PLAYING

    @property
    def between(self) -> bool:
        """Whether no segment is half said."""
        return self.speech is None and not (self._segments and self._segments[0].started)

    @property
    def waits_since(self) -> float | None:
        """When the capture of the first segment began; None if there is none."""
        return self._segments[0].captured_at if self._segments else None

    def sounds(self, now: float) -> bool:
        """Whether there was sound in the last second that was played."""
        return bool(self._segments) and self._segments[0].sounds(self.played(now))

    def is_past(self, event_id: str | None) -> bool:
        """Whether this is the event id of a speech that is over."""
        return event_id in self._past_ids

    def unplayed(self, now: float) -> float:
        """Seconds captured and not played."""
        return sum(segment.captured for segment in self._segments) - self.played(now)

    def played(self, now: float) -> float:
        """Seconds played of the first segment; 0 if there is none."""
        if self.speech is not None:
            return self._position(self.speech, now)
        return self._segments[0].played if self._segments else 0.0

    # Capture

    def push(self, pcm: bytes, now: float, words: Iterable[Word] = ()) -> None:
        """Capture whole samples, and what is known of their words; the first after a flush opens a segment.

        Raises:
            ValueError: `pcm` is not whole samples.
        """
        if len(pcm) % BYTES_PER_SAMPLE:
            message = f"{len(pcm)} bytes are no whole number of samples"
            raise ValueError(message)
        if self._capturing is None:
            self._captured += 1
            self._capturing = Segment(self._captured, now)
            self._segments.append(self._capturing)
        self._capturing.append(pcm, now, words)

    def seal(self) -> None:
        """The open segment is complete. Without one, nothing happens."""
        if self._capturing is not None:
            self._capturing.sealed = True
            self._capturing = None
            self._finish_if_played()

    # Handing over

    def chunk_due_at(self) -> float | None:
        """When the next chunk leaves, minus infinity for at once; None if that takes more audio."""
        if not self._segments:
            return None
        segment, speech = self._segments[0], self.speech
        if speech is None or speech.state is State.STARVED:
            enough, due_at = self._chunking.to_start(segment.rate), None
        else:
            enough, due_at = self._chunking.wanted(speech.clock.handed), self._chunking.due_at(speech.dry_at)
        if segment.pending_bytes and (segment.sealed or segment.pending >= enough):
            return _NOW
        return due_at if segment.pending >= self._chunking.smallest else None

    def next_command(self, now: float) -> Speak | SpeakEnd | None:
        """The next chunk if it is due, or the end if all was handed over."""
        due_at = self.chunk_due_at()
        if due_at is not None and due_at <= now:
            return self._hand_over(self._segments[0], now)
        if self.speech is None or self.speech.end_sent:
            return None
        segment = self._segments[0]
        return self._send_end(self.speech, now) if segment.sealed and not segment.pending_bytes else None

    def _hand_over(self, segment: Segment, now: float) -> Speak:
        if self.speech is None:
            self.speech = Speech(self._ids.mint("speech"), segment.resume(), now)
        segment.note_played(self.speech.position(now))
        before = segment.pending
        audio = segment.take(self._chunking.largest)
        if not segment.sent:
            segment.sent = True
            self.events.append(SpeechSent(segment.number))
        self.speech.apply(Trigger.AUDIO, now)
        self.speech.clock.hand_over(before - segment.pending, now)
        return Speak(self.speech.event_id, audio)

    def _send_end(self, speech: Speech, now: float) -> SpeakEnd:
        speech.end_sent = True
        if speech.state is State.STARVED and speech.clock.remaining(now) <= _AGREEMENT:
            self._end(speech, now)
            self._owes_end = True
        return SpeakEnd(speech.event_id)

    # Hearing

    def hear(self, sign: Sign, now: float, *, acknowledged: bool) -> None:
        """Take in what the service says of the speech; `acknowledged` if it confirms what it gets."""
        speech = self.speech
        if speech is None:
            return
        if sign.kind is Kind.COMMITTED:
            speech.committed = speech.end_sent
        elif sign.kind is Kind.TALKING:
            self._owes_end = False
            speech.apply(Trigger.TALKING, now)
            self._note_start(now)
        elif self._is_owed(sign, speech):
            self._owes_end = False
        elif sign.kind in {Kind.QUIET, Kind.ENDED}:
            trusted = speech.end_sent and (speech.committed or not acknowledged)
            self._on_silence(speech, sign, now, trusted=trusted)

    def _is_owed(self, sign: Sign, speech: Speech) -> bool:
        """Whether this is the end of the speech before, which was over with the news that nothing follows."""
        is_early = speech.state is State.GIVEN and sign.kind is Kind.ENDED
        return self._owes_end and is_early and sign.source != speech.event_id

    def _on_silence(self, speech: Speech, sign: Sign, now: float, *, trusted: bool) -> None:
        """Silence is the end if the service has every byte and the clock agrees, or it says so; else starvation."""
        ended = sign.kind is Kind.ENDED
        if speech.state is State.GIVEN:
            is_end = ended and (speech.committed or (trusted and sign.source == speech.event_id))
        else:
            is_end = trusted and (ended or speech.clock.remaining(now) <= _AGREEMENT)
        if is_end:
            self._end(speech, now)
        else:
            speech.apply(Trigger.QUIET, now)
            self._note_runs(speech)

    # Endings

    def overdue_at(self) -> float | None:
        """When the avatar should have been heard, or should have come to the end."""
        if self.speech is None:
            return None
        if self.speech.state is State.GIVEN:
            return self.speech.since + self._start_timeout
        return self.speech.dry_at + self._end_timeout if self.speech.end_sent else None

    def give_up(self, now: float) -> bool:
        """The service says nothing more of the speech: the clock decides whether it was heard.

        Returns:
            Whether it was. If not, what was not played is to be handed over again.
        """
        speech = self.speech
        if speech is None:
            return True
        if speech.end_sent and speech.began and speech.clock.remaining(now) <= _AGREEMENT:
            self._end(speech, now)
            return True
        self.events.append(SpeechLost(self._segments[0].number, self._position(speech, now)))
        self._drop(speech, Trigger.OVERDUE, now)
        return False

    def take_back(self, now: float) -> Speech | None:
        """What was not played is to be handed over again.

        Returns:
            The speech that was at the service, if there was one.
        """
        speech = self.speech
        if speech is not None:
            self._drop(speech, Trigger.DROPPED, now)
            self._finish_if_played()
        return speech

    def finish_all(self, now: float) -> Speech | None:
        """Drop everything: each segment is over where it was played to.

        Returns:
            The speech that was at the service, if there was one.
        """
        speech = self.speech
        if speech is not None:
            self._drop(speech, Trigger.DROPPED, now)
        while self._segments:
            self._finish(self._segments[0].played, interrupted=True)
        return speech

    def open_next(self) -> None:
        """What is captured next opens a segment, flushed or not."""
        self._capturing = None

    def _end(self, speech: Speech, now: float) -> None:
        self._note_start(now)
        self._leave(speech, Trigger.ENDED, now)
        self._finish(self._segments[0].captured, interrupted=False)

    def _drop(self, speech: Speech, trigger: Trigger, now: float) -> None:
        position = speech.position(now)
        self._leave(speech, trigger, now)
        self._segments[0].rewind(position)

    def _leave(self, speech: Speech, trigger: Trigger, now: float) -> None:
        speech.apply(trigger, now)
        self._note_runs(speech)
        self._past_ids.append(speech.event_id)
        self.speech = None

    def _position(self, speech: Speech, now: float) -> float:
        """Seconds of the first segment that were played; while a word is said again, it stands."""
        return max(self._segments[0].played, speech.position(now))

    def _finish_if_played(self) -> None:
        """A sealed segment of which nothing is left, here or at the service, is over."""
        if self.speech is None and self._segments:
            segment = self._segments[0]
            if segment.sealed and not segment.pending_bytes:
                self._finish(segment.captured, interrupted=False)

    def _finish(self, position: float, *, interrupted: bool) -> None:
        segment = self._segments.popleft()
        segment.finished = True
        self.events.append(PlaybackFinished(segment.number, position, interrupted))

    # Notes

    def _note_start(self, now: float) -> None:
        segment = self._segments[0]
        if not segment.started:
            segment.started = True
            self.events.append(PlaybackStarted(segment.number, now))

    def _note_runs(self, speech: Speech) -> None:
        """Report what was played; a word that is said again was reported before."""
        segment = self._segments[0]
        for run in speech.clock.take_runs():
            start, end = speech.offset + run.offset, speech.offset + run.offset + run.duration
            known = max(0.0, segment.reported - start)
            if end > segment.reported:
                news = Run(run.started_at + known, start + known, end - start - known)
                self.events.append(PlaybackProgressed(segment.number, news))
                segment.reported = end

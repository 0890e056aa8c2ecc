"""The timeline: all speech that was captured and not played, and the part of it that a sink has.

Segments are played in the order of their capture, one at a time. The first of them may have an `Utterance` at the
sink; when that is taken back, the segment continues from the word that was cut, at the next sink.
"""

from collections import deque
from collections.abc import Sequence

from avatar.core.audio import BYTES_PER_SAMPLE, BYTES_PER_SECOND, to_bytes
from avatar.core.chunking import Chunking
from avatar.core.clock import Run
from avatar.core.commands import Speak, SpeakEnd
from avatar.core.events import Event, PlaybackFinished, PlaybackProgressed, PlaybackStarted, SpeechSent
from avatar.core.ids import Ids
from avatar.core.segment import Segment
from avatar.core.server_events import EventKind, ServerEvent
from avatar.core.utterance import Utterance, UtteranceState, UtteranceTrigger
from avatar.core.words import Word

# How far the clock and the service may differ about the end, in seconds: the clock starts when the report of the start
# arrives, which is later than the playback.
_AGREEMENT = 0.5

# An end is a cut if more than both of these are unplayed, in seconds and as a share of the utterance. Field
# observation 69: a paid session at its limit plays 0.37 s of 4.7 s and reports the end.
_CUT_SECONDS = 1.0
_CUT_SHARE = 0.25

_NOW = float("-inf")

# Number of past utterances whose late events are still recognised.
_REMEMBERED_IDS = 64


class Timeline:
    """Segments from capture to playback.

    Args:
        ids: Source of event ids.
        chunking: Sizes and pace of chunks.
        end_timeout: Seconds to wait for the sink's end after the clock has reached it.
    """

    def __init__(self, ids: Ids, chunking: Chunking, *, end_timeout: float) -> None:
        # Events for the machine to collect.
        self.events: list[Event] = []
        # The part of the first segment that the sink has.
        self.utterance: Utterance | None = None
        # When a sink last left an utterance that it had begun to play, or speech was dropped.
        self.progress_at = _NOW
        # When the last segment was played to its end; None if it was cut off.
        self.ended_at: float | None = None
        self._ids = ids
        self._chunking = chunking
        self._end_timeout = end_timeout
        self._segments: deque[Segment] = deque()
        self._capturing: Segment | None = None
        self._captured = 0
        # Seconds captured of all segments that are not over.
        self.held_seconds = 0.0
        self._next_chunk_from = _NOW
        self._look_at_bytes = 0
        # True if the service has not yet reported the end of the previous utterance.
        self._owes_end = False
        self._past_ids: deque[str] = deque(maxlen=_REMEMBERED_IDS)

    @property
    def empty(self) -> bool:
        """True if no speech is left to play."""
        return not self._segments

    @property
    def playing(self) -> bool:
        """True while the sink says that it plays."""
        return self.utterance is not None and self.utterance.state is UtteranceState.PLAYING

    @property
    def between(self) -> bool:
        """True between segments, when a change of sink would not be heard."""
        return self.utterance is None and not (self._segments and self._segments[0].started)

    @property
    def waits_since(self) -> float | None:
        """The time at which the capture of the first segment began; None if there is none."""
        return self._segments[0].captured_at if self._segments else None

    @property
    def unneeded_bytes(self) -> int:
        """Bytes that may be captured of the open segment before its next chunk may be due; 0 if there is none."""
        segment = self._capturing
        if segment is None or segment.finished:
            return 0
        return max(0, self._look_at_bytes - segment.pending_bytes) if segment is self._segments[0] else BYTES_PER_SECOND

    def sounds(self, now: float) -> bool:
        """Return whether there was sound in the last second that was played."""
        return bool(self._segments) and self._segments[0].sounds(self.played(now))

    def is_past(self, event_id: str | None) -> bool:
        """Return whether an event id is that of an utterance that is over."""
        return event_id in self._past_ids

    def played(self, now: float) -> float:
        """Return the seconds played of the first segment; 0 if there is none."""
        if self.utterance is not None:
            return self._position(self.utterance, now)
        return self._segments[0].played if self._segments else 0.0

    def playhead(self, now: float) -> float:
        """Return the sink's position in the first segment, in seconds; it goes back to a word that is repeated."""
        return self.played(now) if self.utterance is None else self.utterance.position(now)

    # Capture

    def push(self, pcm: bytes, now: float, words: Sequence[Word] = ()) -> bool:
        """Capture whole samples, and the words in them; the first after a flush opens a segment.

        Returns:
            True if this may make a chunk due, so that `chunk_due_at` has to be asked again.

        Raises:
            ValueError: `pcm` is not whole samples.
        """
        size = len(pcm)
        if size % BYTES_PER_SAMPLE:
            message = f"{size} bytes are not a whole number of samples"
            raise ValueError(message)
        if self._capturing is None:
            self._captured += 1
            self._capturing = Segment(self._captured, now)
            self._segments.append(self._capturing)
            self._look_at_bytes = 0
        segment = self._capturing
        if segment.finished:
            return True
        segment.append(pcm, now, words)
        self.held_seconds += size / BYTES_PER_SECOND
        return segment is self._segments[0] and segment.pending_bytes >= self._look_at_bytes

    def seal(self) -> None:
        """Complete the open segment, if there is one."""
        if self._capturing is not None:
            self._capturing.sealed = True
            self._capturing = None
            self._finish_if_played()

    # Sending

    def chunk_due_at(self, now: float) -> float | None:
        """Return when the next chunk is sent, minus infinity for at once; None if more audio is needed first."""
        self._look_at_bytes = 0
        if not self._segments:
            return None
        segment, utterance = self._segments[0], self.utterance
        if utterance is None or utterance.state is UtteranceState.STARVED:
            # A start needs at least the first chunk.
            self._look_at_bytes = to_bytes(self._chunking.first)
            is_enough = segment.pending >= self._chunking.to_start(segment.rate)
            return _NOW if segment.pending_bytes and (segment.sealed or is_enough) else None
        wanted = to_bytes(self._chunking.wanted(utterance.clock.handed, utterance.uplink.rate))
        smallest, pending, dry_at = to_bytes(self._chunking.smallest), segment.pending_bytes, utterance.dry_at
        earliest = max(self._next_chunk_from, dry_at - self._chunking.ahead)
        if pending and (segment.sealed or pending >= wanted):
            self._look_at_bytes = pending + wanted
            return earliest
        # By then there will mostly be enough audio; this is checked again at that time.
        due_at = max(self._chunking.due_at(dry_at), earliest)
        is_too_short = pending < smallest and due_at <= now
        self._look_at_bytes = smallest if is_too_short else wanted
        return None if segment.sealed or is_too_short else due_at

    def next_command(self, now: float, patience: float) -> Speak | SpeakEnd | None:
        """Return the next chunk if it is due, or the end if everything was sent.

        Args:
            now: Monotonic seconds.
            patience: Seconds that the sink may take to start an utterance that begins now.
        """
        due_at = self.chunk_due_at(now)
        if due_at is not None and due_at <= now:
            return self._send(self._segments[0], now, patience)
        if self.utterance is None or self.utterance.end_sent:
            return None
        segment = self._segments[0]
        return self._send_end(self.utterance, now) if segment.sealed and not segment.pending_bytes else None

    def _send(self, segment: Segment, now: float, patience: float) -> Speak:
        if self.utterance is None:
            self.utterance = Utterance(self._ids.mint("speech"), segment.resume(), patience, now)
        segment.forget_before(self.utterance.position(now))
        before = segment.pending
        audio = segment.take(self._chunking.most(self.utterance.uplink.rate))
        seconds = before - segment.pending
        if not segment.sent:
            segment.sent = True
            self.events.append(SpeechSent(segment.number))
        self.utterance.apply(UtteranceTrigger.AUDIO, now)
        self.utterance.clock.hand_over(seconds, now)
        self.utterance.uplink.sent(seconds, now)
        self._next_chunk_from = now + seconds * self._chunking.pace
        return Speak(self.utterance.event_id, audio)

    def _send_end(self, utterance: Utterance, now: float) -> SpeakEnd:
        utterance.end_sent = True
        if utterance.state is UtteranceState.STARVED and utterance.clock.remaining(now) <= _AGREEMENT:
            self._end(utterance, now)
            self._owes_end = True
        return SpeakEnd(utterance.event_id)

    # What the sink reports

    def hear(self, event: ServerEvent, now: float, *, acknowledged: bool) -> bool:
        """Handle an event about the utterance.

        Args:
            event: The sink's event.
            now: Monotonic seconds.
            acknowledged: True if the sink acknowledges commands.

        Returns:
            True if the sink has cut the utterance off: the unplayed speech has to be taken back.
        """
        utterance = self.utterance
        if utterance is None:
            return False
        if event.kind is EventKind.APPENDED:
            utterance.uplink.acknowledged(now)
        elif event.kind is EventKind.COMMITTED:
            utterance.committed = utterance.end_sent
        elif event.kind is EventKind.STARTED:
            self._owes_end = False
            utterance.apply(UtteranceTrigger.STARTED, now)
            self._note_start(now)
        elif self._is_owed(event, utterance):
            self._owes_end = False
        elif event.kind is EventKind.ENDED and self._is_cut(utterance, now):
            return True
        elif event.kind in {EventKind.SILENT, EventKind.ENDED}:
            trusted = utterance.end_sent and (utterance.committed or not acknowledged)
            self._on_silence(utterance, event, now, trusted=trusted)
        return False

    def _is_owed(self, event: ServerEvent, utterance: Utterance) -> bool:
        """Return whether an event ends the previous utterance, which was over when its `speak_end` was sent."""
        is_early = utterance.state is UtteranceState.SENT and event.kind is EventKind.ENDED
        return self._owes_end and is_early and event.source != utterance.event_id

    def _is_cut(self, utterance: Utterance, now: float) -> bool:
        """Return whether, by the clock, an end comes while the sink has much left to play."""
        remaining = utterance.clock.remaining(now)
        return utterance.began and remaining > max(_CUT_SECONDS, _CUT_SHARE * utterance.clock.handed)

    def _on_silence(self, utterance: Utterance, event: ServerEvent, now: float, *, trusted: bool) -> None:
        """Handle silence: the end if the sink has every byte and reports it or the clock agrees, else starvation."""
        ended = event.kind is EventKind.ENDED
        if utterance.state is UtteranceState.SENT:
            is_end = ended and (utterance.committed or (trusted and event.source == utterance.event_id))
        else:
            is_end = trusted and (ended or utterance.clock.remaining(now) <= _AGREEMENT)
        if is_end:
            self._end(utterance, now)
        else:
            utterance.apply(UtteranceTrigger.SILENT, now)
            self._note_runs(utterance)

    # Endings

    def overdue_at(self) -> float | None:
        """Return when the sink should have begun to play, or should have reached the end."""
        utterance = self.utterance
        if utterance is None:
            return None
        if utterance.state is UtteranceState.SENT:
            return utterance.since + utterance.patience
        return utterance.dry_at + self._end_timeout if utterance.end_sent else None

    def end_if_played(self, now: float) -> bool:
        """End an utterance that the sink no longer reports on, if by the clock it was played.

        Returns:
            True if it was played.
        """
        utterance = self.utterance
        if utterance is None:
            return True
        is_played = utterance.end_sent and utterance.began and utterance.clock.remaining(now) <= _AGREEMENT
        if is_played:
            self._end(utterance, now)
        return is_played

    def take_back(self, now: float) -> Utterance | None:
        """Take the unplayed speech back from the sink, to be sent again.

        Returns:
            The utterance that the sink had, if there was one.
        """
        utterance = self.utterance
        if utterance is not None:
            self._drop(utterance, now)
            self._finish_if_played()
        return utterance

    def finish_all(self, now: float) -> Utterance | None:
        """Drop everything: each segment ends at its played position.

        Returns:
            The utterance that the sink had, if there was one.
        """
        utterance = self.utterance
        if utterance is not None:
            self._drop(utterance, now)
        while self._segments:
            self._finish(self._segments[0].played, interrupted=True)
        self.progress_at = now
        return utterance

    def open_next(self) -> None:
        """Let the next captured audio open a segment, even without a flush."""
        self._capturing = None

    def _end(self, utterance: Utterance, now: float) -> None:
        self._note_start(now)
        self._leave(utterance, UtteranceTrigger.ENDED, now)
        self._finish(self._segments[0].captured, interrupted=False)
        self.ended_at = now

    def _drop(self, utterance: Utterance, now: float) -> None:
        position = utterance.position(now)
        self._leave(utterance, UtteranceTrigger.DROPPED, now)
        self._segments[0].rewind(position)
        self.ended_at = None

    def _leave(self, utterance: Utterance, trigger: UtteranceTrigger, now: float) -> None:
        utterance.apply(trigger, now)
        if utterance.began:
            self.progress_at = now
        self._note_runs(utterance)
        self._past_ids.append(utterance.event_id)
        self.utterance = None
        self._next_chunk_from = _NOW

    def _position(self, utterance: Utterance, now: float) -> float:
        """Return the seconds played of the first segment, which do not grow while a word is repeated."""
        return max(self._segments[0].played, utterance.position(now))

    def _finish_if_played(self) -> None:
        """Finish a sealed segment that has no audio left, here or at the sink."""
        if self.utterance is None and self._segments:
            segment = self._segments[0]
            if segment.sealed and not segment.pending_bytes:
                self._finish(segment.captured, interrupted=False)

    def _finish(self, position: float, *, interrupted: bool) -> None:
        segment = self._segments.popleft()
        segment.finished = True
        self.held_seconds = sum(each.captured for each in self._segments)
        self.events.append(PlaybackFinished(segment.number, position, interrupted))

    # Reports

    def _note_start(self, now: float) -> None:
        segment = self._segments[0]
        if not segment.started:
            segment.started = True
            self.events.append(PlaybackStarted(segment.number, now))

    def _note_runs(self, utterance: Utterance) -> None:
        """Report the runs that were played, without repeated words, which were reported before."""
        segment = self._segments[0]
        for run in utterance.clock.take_runs():
            start, end = utterance.offset + run.offset, utterance.offset + run.offset + run.duration
            known = max(0.0, segment.reported - start)
            if end > segment.reported:
                news = Run(run.started_at + known, start + known, end - start - known)
                self.events.append(PlaybackProgressed(segment.number, news))
                segment.reported = end

"""What the avatar says, and when: the playback of the stand-in, without I/O or a clock.

All arithmetic is in whole samples since the player was made, so the outcome does not depend on how often or when
`Player.play` is called: what is heard, the under-runs and the order of the events are the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

RATE_HZ = 24_000
"""Samples a second of everything that goes in or out: the only rate that the service takes."""

SAMPLE_BYTES = 2
"""One sample: 16 bits, signed, little-endian, mono."""

AgentState = Literal["idle", "listening", "talking"]


@dataclass(slots=True)
class Utterance:
    """One utterance, from its first audio to `speak_end` or `interrupt`, and what became of it.

    Attributes:
        number: 1 for the first utterance of the player.
        event_id: of the command that opened it.
        received_bytes: audio that came in.
        heard_samples: audio that was played.
        underrun_samples: silence in the middle of it, because audio came too late.
        started_at: seconds since the player was made at which its first sample was played.
        sealed: no more audio will come.
        ended: all of its audio was played.
        interrupted: it was cut; what had not been heard by then is gone.
    """

    number: int
    event_id: str | None
    received_bytes: int = 0
    heard_samples: int = 0
    underrun_samples: int = 0
    started_at: float | None = None
    sealed: bool = False
    ended: bool = False
    interrupted: bool = False
    _audio: bytearray = field(default_factory=bytearray, repr=False)
    _dry_since: int | None = field(default=None, repr=False)

    @property
    def underrun_seconds(self) -> float:
        """Silence in the middle of the utterance, in seconds."""
        return self.underrun_samples / RATE_HZ

    @property
    def waiting_samples(self) -> int:
        """Audio that is here and not yet played."""
        return len(self._audio) // SAMPLE_BYTES

    def append(self, pcm: bytes) -> None:
        """Add audio; a byte that is half a sample waits for its other half."""
        self.received_bytes += len(pcm)
        self._audio += pcm

    def take(self, samples: int) -> bytes:
        """Play the next `samples` of it, or what there is."""
        pcm = bytes(self._audio[: min(samples, self.waiting_samples) * SAMPLE_BYTES])
        del self._audio[: len(pcm)]
        self.heard_samples += len(pcm) // SAMPLE_BYTES
        return pcm

    def run_dry(self, position: int) -> None:
        """Note that its audio ended at `position` although the utterance has not."""
        self._dry_since = position

    def resume(self, position: int) -> None:
        """Note that its audio begins or goes on at `position`."""
        if self.started_at is None:
            self.started_at = position / RATE_HZ
        if self._dry_since is not None:
            self.underrun_samples += position - self._dry_since
            self._dry_since = None

    def interrupt(self, unsent_samples: int) -> None:
        """Cut it; the last `unsent_samples` were played into a void."""
        self.interrupted = True
        self.heard_samples = max(self.heard_samples - unsent_samples, 0)
        self._audio.clear()


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The avatar went from one state to another."""

    previous: AgentState
    new: AgentState


@dataclass(frozen=True, slots=True)
class Started:
    """The first sample of the utterance is played now."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Ended:
    """The last sample of a sealed utterance was played."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An utterance that had started was cut."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Starved:
    """The audio of an utterance that is not sealed ran out."""

    utterance: Utterance


PlayerEvent: TypeAlias = StateChanged | Started | Ended | Interrupted | Starved


class Player:
    """Plays utterances one after the other, in real time.

    Every method takes `now`, seconds of a clock that never goes back, and first plays what was due until then.

    Args:
        now: the instant that counts as zero.
        start_latency: seconds from the first audio after a silence until the avatar begins to speak it.
        news_delay: seconds that what `play` returns is under way to the listener; events are told when it is heard.
    """

    def __init__(self, *, now: float, start_latency: float = 0.2, news_delay: float = 0.0) -> None:
        self.state: AgentState = "idle"
        self.utterances: list[Utterance] = []
        self._opened_at = now
        self._start_latency = round(start_latency * RATE_HZ)
        self._news_delay = round(news_delay * RATE_HZ)
        self._position = 0
        self._speaks_from = 0
        self._queue: deque[Utterance] = deque()
        self._heard = bytearray()
        self._told: AgentState = "idle"
        self._events: deque[tuple[int, PlayerEvent]] = deque()

    def append(self, pcm: bytes, *, event_id: str | None, now: float) -> Utterance:
        """Queue audio; the first after a seal or a clear opens a new utterance.

        Returns:
            The utterance that the audio belongs to.
        """
        self._advance(now)
        if self.state != "talking" and not self._is_waiting:
            self._speaks_from = self._position + self._start_latency
        utterance = self._open_utterance or self._add_utterance(event_id)
        utterance.append(pcm)
        return utterance

    def seal(self, *, now: float) -> Utterance | None:
        """End the open utterance: it is over as soon as its audio is.

        Returns:
            The utterance that was open, None when there was none.
        """
        self._advance(now)
        utterance = self._open_utterance
        if utterance is not None:
            utterance.sealed = True
        return utterance

    def clear(self, *, now: float, unsent: float = 0.0) -> list[Utterance]:
        """Fall silent at once and forget all that is queued.

        Args:
            now: seconds.
            unsent: seconds of what `play` returned that are dropped on their way to the listener; like what it has not
                returned yet, they do not count as heard.

        Returns:
            The utterances that were cut, also those that had not started.
        """
        self._advance(now)
        self._finish_played()
        cut = list(self._queue)
        unsent_samples = round(unsent * RATE_HZ) + len(self._heard) // SAMPLE_BYTES
        untold = self._forget_untold()
        for utterance in cut:
            utterance.interrupt(unsent_samples)
            if utterance.started_at is not None and utterance not in untold:
                self._tell(Interrupted(utterance), delay=0)
        if cut:
            self._queue.clear()
            self._heard.clear()
        if self.state == "talking":
            self._change_state("idle", delay=0)
        return cut

    def start_listening(self, *, now: float) -> None:
        """Take the listening pose; skipped while the avatar talks."""
        self._advance(now)
        if self.state == "idle" and not self._events:
            self._change_state("listening", delay=0)

    def stop_listening(self, *, now: float) -> None:
        """Leave the listening pose."""
        self._advance(now)
        if self.state == "listening" and not self._events:
            self._change_state("idle", delay=0)

    def play(self, *, now: float) -> bytes:
        """Return exactly what is heard between the last call and `now`, silence included."""
        self._advance(now)
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def take_events(self) -> list[PlayerEvent]:
        """Return what was heard to happen since the last call, in order."""
        events = []
        while self._events and self._events[0][0] <= self._position:
            events.append(self._events.popleft()[1])
            if isinstance(events[-1], StateChanged):
                self._told = events[-1].new
        return events

    @property
    def _open_utterance(self) -> Utterance | None:
        return self._queue[-1] if self._queue and not self._queue[-1].sealed else None

    @property
    def _is_waiting(self) -> bool:
        return any(utterance.waiting_samples for utterance in self._queue)

    def _add_utterance(self, event_id: str | None) -> Utterance:
        utterance = Utterance(len(self.utterances) + 1, event_id)
        self.utterances.append(utterance)
        self._queue.append(utterance)
        return utterance

    def _advance(self, now: float) -> None:
        target = int((now - self._opened_at) * RATE_HZ)
        while self._position < target:
            self._settle()
            self._render(target)

    def _settle(self) -> None:
        """Bring the state in line with what there is to play at this position."""
        self._finish_played()
        if not self._is_waiting:
            self._fall_silent()
        elif self.state == "talking" or self._position >= self._speaks_from:
            self._speak()

    def _finish_played(self) -> None:
        while self._queue and self._queue[0].sealed and not self._queue[0].waiting_samples:
            utterance = self._queue.popleft()
            utterance.ended = True
            if utterance.started_at is not None:
                self._tell(Ended(utterance))

    def _fall_silent(self) -> None:
        if self.state != "talking":
            return
        if self._queue:
            self._queue[0].run_dry(self._position)
            self._tell(Starved(self._queue[0]))
        self._change_state("idle")

    def _speak(self) -> None:
        utterance = self._queue[0]
        starts = utterance.started_at is None
        utterance.resume(self._position)
        if self.state != "talking":
            self._change_state("talking")
        if starts:
            self._tell(Started(utterance))

    def _render(self, target: int) -> None:
        if self.state == "talking":
            pcm = self._queue[0].take(target - self._position)
        else:
            until = min(target, self._speaks_from) if self._is_waiting else target
            pcm = bytes((until - self._position) * SAMPLE_BYTES)
        self._heard += pcm
        self._position += len(pcm) // SAMPLE_BYTES

    def _change_state(self, new: AgentState, delay: int | None = None) -> None:
        self._tell(StateChanged(self.state, new), delay)
        self.state = new

    def _tell(self, event: PlayerEvent, delay: int | None = None) -> None:
        self._events.append((self._position + (self._news_delay if delay is None else delay), event))

    def _forget_untold(self) -> list[Utterance]:
        """Take back the news of what nobody has heard yet, but for ends; the utterances whose start is not told."""
        untold = [event for at, event in self._events if at > self._position]
        self._events = deque((at, event) for at, event in self._events if at <= self._position)
        told = [event.new for _, event in self._events if isinstance(event, StateChanged)]
        self.state = told[-1] if told else self._told
        for event in untold:
            if isinstance(event, Ended):
                self._tell(event, delay=0)
        return [event.utterance for event in untold if isinstance(event, Started)]

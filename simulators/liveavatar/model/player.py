"""The avatar's playback: its audio, its events, and their times.

All arithmetic is in whole samples since the player was made, so the audio, the under-runs, and the order and times of
the events do not depend on how often or when the player is advanced.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from simulators.liveavatar.model.sound import Sound
from simulators.liveavatar.model.utterance import RATE_HZ, Utterance

if TYPE_CHECKING:
    from simulators.liveavatar.model.habits import Habits

# Samples by which an instant may miss a sample, since seconds are floating-point numbers.
ROUNDING = 0.001

AgentState = Literal["idle", "listening", "talking"]


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
    """The last sample of an utterance that will be played was played."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Cleared:
    """The interrupt `event_id` was carried out; `utterance` is the first that it cut, if any."""

    event_id: str | None
    utterance: Utterance | None


@dataclass(frozen=True, slots=True)
class Interrupted:
    """An utterance that had started was cut."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Starved:
    """The audio of an utterance that is not sealed ran out."""

    utterance: Utterance


PlayerEvent: TypeAlias = StateChanged | Started | Ended | Cleared | Interrupted | Starved


class Player:
    """Plays utterances one after the other, in real time, from the moment it is released.

    Every method takes `now`, monotonic seconds, and first plays everything that was due until then.

    Args:
        habits: Habits of the service.
        now: The instant that counts as zero.
        keeps_sound: Whether `sound` keeps everything that was played.

    Attributes:
        state: The latest state; its `StateChanged` may still be due.
        utterances: All utterances.
        sound: The audio that was played.
    """

    def __init__(self, habits: Habits, *, now: float, keeps_sound: bool = True) -> None:
        self.state: AgentState = "idle"
        self.utterances: list[Utterance] = []
        self.sound = Sound(keeps=keeps_sound)
        self._habits = habits
        self._opened_at = now
        self._is_held = True
        self._lead = 0
        self._position = 0
        self._speaks_from = 0
        self._warm_from: int | None = None
        self._is_sounding = False
        self._allowance: int | None = None
        self._queue: deque[Utterance] = deque()
        self._events: deque[tuple[int, PlayerEvent]] = deque()

    def release(self, *, now: float, lead: float = 0.0) -> None:
        """Start playing when the avatar is in its room; earlier audio waits until then.

        Args:
            now: Time in seconds.
            lead: Seconds by which `play` runs ahead of playback, to fill the buffer of a real room. Commands do not
                change audio that it has returned.
        """
        self.advance(now)
        self.sound.take(self._position)
        self._is_held = False
        self._lead = round(lead * RATE_HZ)
        self._speaks_from = max(self._speaks_from, self._at(now) + self._lead)

    def append(self, pcm: bytes, *, event_id: str | None, now: float) -> Utterance:
        """Queue audio; the first after a seal or a clear opens a new utterance.

        Returns:
            The utterance that the audio belongs to.
        """
        self.advance(now)
        if not self._is_speaking and not self._next_is_playable:
            self._plan_start(self._at(now))
        utterance = self._open_utterance or self._add_utterance(event_id)
        utterance.append(pcm)
        return utterance

    def seal(self, *, now: float) -> Utterance | None:
        """Seal the open utterance: it ends with its audio.

        Returns:
            The utterance that was open; None if there was none.
        """
        self.advance(now)
        utterance = self._open_utterance
        if utterance is not None:
            utterance.sealed = True
        return utterance

    def clear(self, event_id: str | None, *, now: float) -> list[Utterance]:
        """Drop queued audio and stop speaking after the tail; the events come with the acknowledgement.

        Returns:
            The cut utterances, including those that had not started.
        """
        self.advance(now)
        self._finish_played()
        cut = [utterance for utterance in self._queue if not utterance.interrupted]
        acknowledged = self._at(now) + round(self._habits.interrupt_acknowledged_after * RATE_HZ)
        self._tell(Cleared(event_id, cut[0] if cut else None), acknowledged)
        for utterance in cut:
            if utterance.started_at is not None:
                self._tell(Interrupted(utterance), acknowledged)
        if self.state == "talking":
            self._change_state("idle", acknowledged)
        self._cut(max(self._at(now) + round(self._habits.interrupt_tail * RATE_HZ), self._position))
        return cut

    def stop(self, *, now: float) -> None:
        """Stop speaking at once and without an event, as if nothing had been queued."""
        self.advance(now)
        self._cut(self._position)
        self._events.clear()
        self.state = "idle"

    def limit(self, *, now: float) -> None:
        """Limit speech from now on: only a moment of the playing utterance and of each later one is heard."""
        self.advance(now)
        self._allowance = round(self._habits.speech_after_limit * RATE_HZ)
        if self._is_speaking:
            self._queue[0].allowed_samples = self._allowance

    def start_listening(self, *, now: float) -> None:
        """Take the listening pose, unless the avatar talks."""
        self.advance(now)
        if self.state == "idle" and not self._has_news(now):
            self._change_state("listening")

    def stop_listening(self, *, now: float) -> None:
        """Leave the listening pose."""
        self.advance(now)
        if self.state == "listening" and not self._has_news(now):
            self._change_state("idle")

    def advance(self, now: float) -> None:
        """Play everything that is due."""
        target = self._at(now) + self._lead
        while self._position < target:
            self._settle()
            self._render(target)

    def play(self, *, now: float) -> bytes:
        """Return the exact audio from the last call to `now`, or to `lead` seconds later, including silence."""
        self.advance(now)
        return self.sound.take(self._position)

    def take_events(self, *, now: float) -> list[PlayerEvent]:
        """Return the events since the last call, in order."""
        events = []
        while self._events and self._events[0][0] <= self._at(now):
            events.append(self._events.popleft()[1])
        return events

    def next_at(self) -> float | None:
        """Return when the next events are due; None while only a command can cause some."""
        instants = [] if self._next_turn is None else [self._next_turn + 1]
        if self._events:
            instants.append(self._events[0][0])
        return self._opened_at + min(instants) / RATE_HZ if instants else None

    @property
    def spans(self) -> list[tuple[float, float, Utterance]]:
        """Start and end, in seconds of the clock, of each part of an utterance that was heard, and the utterance."""
        return [(self._opened_at + begin, self._opened_at + end, heard) for begin, end, heard in self.sound.spans]

    @property
    def _open_utterance(self) -> Utterance | None:
        return self._queue[-1] if self._queue and not self._queue[-1].sealed else None

    @property
    def _next_is_playable(self) -> bool:
        return any(utterance.is_playable for utterance in self._queue if not utterance.interrupted)

    @property
    def _is_speaking(self) -> bool:
        """Whether an utterance is being heard that was not interrupted."""
        return self._is_sounding and not self._queue[0].interrupted

    @property
    def _next_turn(self) -> int | None:
        """The position at which the avatar starts or stops making a sound, or an utterance is over."""
        if not self._queue:
            return None
        first = self._queue[0]
        if self._is_sounding:
            return self._position + first.waiting_samples
        if first.is_played and (first.sealed or not first.ended):
            return self._position
        if first.is_playable and not self._is_held:
            return max(self._speaks_from, self._position)
        return None

    def _at(self, now: float) -> int:
        return math.floor((now - self._opened_at) * RATE_HZ + ROUNDING)

    def _add_utterance(self, event_id: str | None) -> Utterance:
        number = len(self.utterances) + 1
        utterance = Utterance(number, event_id, shortest_chunk=self._habits.shortest_chunk)
        self.utterances.append(utterance)
        self._queue.append(utterance)
        return utterance

    def _plan_start(self, at: int) -> None:
        if self._warm_from is None:
            self._warm_from = at + round(self._habits.first_speech_starts_after * RATE_HZ)
        usual = at + round(self._habits.speech_starts_after * RATE_HZ)
        tail = self._queue[0].waiting_samples if self._is_sounding else 0
        self._speaks_from = max(usual, self._warm_from, self._position + tail)

    def _cut(self, end: int) -> None:
        for utterance in self._queue:
            utterance.interrupt(end - self._position if self._is_sounding and utterance is self._queue[0] else 0)
        self._queue = deque(utterance for utterance in self._queue if utterance.waiting_samples)
        self._is_sounding = bool(self._queue)

    def _settle(self) -> None:
        """Update the state for the audio at this position."""
        self._finish_played()
        if not self._queue or not self._queue[0].is_playable:
            self._fall_silent()
        elif self._is_sounding or (self._position >= self._speaks_from and not self._is_held):
            self._speak(self._queue[0])

    def _finish_played(self) -> None:
        while self._queue and self._queue[0].is_played:
            utterance = self._queue[0]
            if utterance.interrupted:
                self._is_sounding = False
            elif not utterance.ended:
                utterance.ended = True
                if utterance.started_at is not None:
                    self._tell(Ended(utterance))
            if not utterance.sealed:  # cut short by a limit; the rest of its audio still arrives
                return
            self._queue.popleft()

    def _fall_silent(self) -> None:
        if not self._is_sounding:
            return
        self._is_sounding = False
        if self._queue and not self._queue[0].ended:
            self._queue[0].run_dry(self._position)
            self._tell(Starved(self._queue[0]))
        if self.state == "talking":
            self._change_state("idle")

    def _speak(self, utterance: Utterance) -> None:
        starts = utterance.started_at is None
        utterance.resume(self._position)
        self._is_sounding = True
        if starts and self._allowance is not None:
            utterance.allowed_samples = self._allowance
        if self.state != "talking" and not utterance.interrupted:
            self._change_state("talking")
        if starts:
            self._tell(Started(utterance))

    def _render(self, target: int) -> None:
        if self._is_sounding:
            pcm = self._queue[0].take(target - self._position)
            self.sound.add(self._position, pcm, self._queue[0])
            self._position += len(pcm) // 2
        elif self._queue and self._queue[0].is_playable and not self._is_held:
            self._position = min(target, self._speaks_from)
        else:
            self._position = target

    def _change_state(self, new: AgentState, at: int | None = None) -> None:
        self._tell(StateChanged(self.state, new), at)
        self.state = new

    def _tell(self, event: PlayerEvent, at: int | None = None) -> None:
        newest = self._events[-1][0] if self._events else 0
        self._events.append((max(self._position if at is None else at, newest), event))

    def _has_news(self, now: float) -> bool:
        return any(at > self._at(now) for at, _ in self._events)

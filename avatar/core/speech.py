"""One speech at the service, as a state machine that is a table.

A speech is what goes under one event id: a segment, or what is left of one after a pause or a lost connection.
"""

from enum import Enum

from avatar.core.clock import PlaybackClock


class State(Enum):
    """Where a speech is."""

    GIVEN = "given"
    """The avatar has audio and does not speak yet."""
    PLAYING = "playing"
    """The avatar speaks."""
    STARVED = "starved"
    """The avatar fell silent before the end, and waits for more."""
    OVER = "over"
    """It is played, dropped or given up."""


class Trigger(Enum):
    """What moves a speech."""

    AUDIO = "audio handed over"
    TALKING = "avatar talks"
    QUIET = "avatar falls silent"
    ENDED = "its end was played"
    OVERDUE = "no sign of it in time"
    DROPPED = "interrupted, paused or cut off"


_TO_OVER = {Trigger.ENDED: State.OVER, Trigger.OVERDUE: State.OVER, Trigger.DROPPED: State.OVER}

TRANSITIONS: dict[State, dict[Trigger, State]] = {
    State.GIVEN: {
        Trigger.AUDIO: State.GIVEN,
        Trigger.TALKING: State.PLAYING,
        Trigger.QUIET: State.GIVEN,
        **_TO_OVER,
    },
    State.PLAYING: {
        Trigger.AUDIO: State.PLAYING,
        Trigger.TALKING: State.PLAYING,
        Trigger.QUIET: State.STARVED,
        **_TO_OVER,
    },
    State.STARVED: {
        Trigger.AUDIO: State.GIVEN,
        Trigger.TALKING: State.PLAYING,
        Trigger.QUIET: State.STARVED,
        **_TO_OVER,
    },
    State.OVER: {},
}


class Speech:
    """One speech at the service, from its first chunk on.

    `offset` is where in its segment it starts, in seconds.
    """

    def __init__(self, event_id: str, offset: float, now: float) -> None:
        self.event_id = event_id
        self.offset = offset
        self.state = State.GIVEN
        self.since = now
        """When it entered its state."""
        self.clock = PlaybackClock()
        self.began = False
        """Whether the avatar has spoken some of it."""
        self.talks = False
        """Whether the avatar speaks it, or may; of one that is over, whether it did."""
        self.end_sent = False
        self.committed = False
        """Whether the service has confirmed the end: it has every byte."""

    def apply(self, trigger: Trigger, now: float) -> None:
        """Move along the table, and the clock with it.

        Raises:
            KeyError: The table has no such move: a mistake of the caller.
        """
        state = TRANSITIONS[self.state][trigger]
        if trigger is Trigger.ENDED:
            self.clock.finish(now)
        elif trigger is Trigger.TALKING:
            self.clock.start(now)
        if state is not self.state:
            self._enter(state, now)

    def position(self, now: float) -> float:
        """Seconds of its segment that were played."""
        return self.offset + self.clock.played(now)

    @property
    def dry_at(self) -> float:
        """When the avatar runs out of it. One that has not begun might have begun at once."""
        running_dry_at = self.clock.dry_at
        return self.since + self.clock.remaining(self.since) if running_dry_at is None else running_dry_at

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        self.since = now
        if state is State.PLAYING:
            self.began = True
        elif self.clock.running:
            self.clock.stop(now)
        if state is not State.OVER:
            self.talks = self.began and state is not State.STARVED

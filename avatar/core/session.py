"""One session of the service, from the request to the confirmed stop: a state machine as a table."""

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from avatar.core.sink import Audibility
from avatar.core.stale_events import StaleEventFilter
from avatar.core.timings import Timings

if TYPE_CHECKING:
    from avatar.core.commands import Command


class SessionState(Enum):
    """The states of a session."""

    # The service is asked for it; it may already run.
    STARTING = "starting"
    # The service is asked for it, but it is no longer wanted: it is stopped when the answer comes.
    ABANDONED = "abandoned"
    # It runs, and a socket is being opened.
    OPENING = "opening"
    # A socket is open; the session may not take commands yet.
    GREETING = "greeting"
    # It takes commands.
    READY = "ready"
    # Its socket is lost; another one is opened after a wait.
    AWAY = "away"
    # It is no longer used; its last word is still on its way to the caller.
    LINGERING = "lingering"
    # The service is asked to stop it.
    STOPPING = "stopping"
    # It could not be stopped, and is asked again after a wait.
    STOP_FAILED = "stop failed"
    # It is stopped, or was never started.
    STOPPED = "stopped"


class SessionTrigger(Enum):
    """The triggers of a session's transitions."""

    STARTED = "started"
    NOT_STARTED = "not started"
    MAYBE_STARTED = "perhaps started"
    SOCKET_OPENED = "socket opened"
    SOCKET_LOST = "socket lost"
    WAITED = "wait is over"
    LEFT = "not wanted any more"
    STOPPED = "stopped"
    STOP_FAILED = "not stopped"
    RETURNED = "its avatar comes into the room all the same"


_S, _T = SessionState, SessionTrigger
_SOCKET_LOST = {_T.SOCKET_LOST: _S.AWAY, _T.LEFT: _S.LINGERING}

SESSION_TRANSITIONS: dict[SessionState, dict[SessionTrigger, SessionState]] = {
    _S.STARTING: {
        _T.STARTED: _S.OPENING,
        _T.NOT_STARTED: _S.STOPPED,
        _T.MAYBE_STARTED: _S.STOPPING,
        _T.LEFT: _S.ABANDONED,
    },
    _S.ABANDONED: {_T.STARTED: _S.STOPPING, _T.NOT_STARTED: _S.STOPPED, _T.MAYBE_STARTED: _S.STOPPING},
    _S.OPENING: {_T.SOCKET_OPENED: _S.GREETING, **_SOCKET_LOST},
    _S.GREETING: {_T.WAITED: _S.READY, **_SOCKET_LOST},
    _S.READY: _SOCKET_LOST,
    _S.AWAY: {_T.WAITED: _S.OPENING, _T.LEFT: _S.LINGERING},
    _S.LINGERING: {_T.WAITED: _S.STOPPING},
    _S.STOPPING: {_T.STOPPED: _S.STOPPED, _T.STOP_FAILED: _S.STOP_FAILED},
    _S.STOP_FAILED: {_T.WAITED: _S.STOPPING},
    _S.STOPPED: {_T.RETURNED: _S.STOPPING},
}

# The states in which an executor owes an answer, and the field of `Timings` for how long it may take.
_ANSWERS = {_S.STARTING: "start", _S.ABANDONED: "start", _S.OPENING: "reconnect", _S.STOPPING: "stop"}

_WITHOUT_SOCKET = {_S.OPENING, _S.AWAY}

_IN_USE = {_S.STARTING, _S.OPENING, _S.GREETING, _S.READY, _S.AWAY}


class Session:
    """The machine's view of one session; times are monotonic seconds.

    Args:
        number: 1 for the first session of the call.
        identity: Its avatar's identity in the room.
        interrupt_timeout: Seconds to wait for the confirmation of an interrupt.
        now: When the service is asked for it.
        avatar_id: Its avatar's id at the service.
    """

    def __init__(
        self, number: int, identity: str, interrupt_timeout: float, now: float, *, avatar_id: str = ""
    ) -> None:
        self.number = number
        self.identity = identity
        self.avatar_id = avatar_id
        self.state = SessionState.STARTING
        # When it entered its state.
        self.since = now
        # When the wait of its state is over; None if it waits only for a result.
        self.until: float | None = None
        self.asked_at = now
        self.started_at: float | None = None
        self.stopped_at: float | None = None
        # When the service ends it, if that is known.
        self.ends_at: float | None = None
        self.session_id: str | None = None
        # True while its avatar is in the room.
        self.joined = False
        # When its avatar should be in the room; None if it is there, or if the room can't be seen.
        self.join_by: float | None = None
        # When the service sent `connected`.
        self.told_at: float | None = None
        self.has_socket = False
        self.has_been_ready = False
        # True once an utterance was played to its end.
        self.has_spoken = False
        self.audibility = Audibility.AUDIBLE
        # When a mute that was asked for is overdue, or may be tried again.
        self.mute_until = float("-inf")
        # True if its avatar may still play audio that was taken back: an interrupt goes before anything else.
        self.must_clear = False
        # Sockets in a row that were lost early.
        self.attempts = 0
        self.away_since: float | None = None
        self.stops = 0
        self.keep_alive_at: float | None = None
        # Commands that go before speech.
        self.controls: deque[Command] = deque()
        self.stale = StaleEventFilter(interrupt_timeout)

    @property
    def is_used(self) -> bool:
        """True while it is or may become the avatar of the call."""
        return self.state in _IN_USE

    @property
    def is_ready(self) -> bool:
        """True while it takes commands."""
        return self.state is SessionState.READY

    @property
    def is_alive(self) -> bool:
        """True while it may cost money."""
        return self.state is not SessionState.STOPPED

    @property
    def needs_attention(self) -> bool:
        """True while the machine has to stop it; a stop that was given up is left to the journal's sweep."""
        return self.is_alive and not (self.state is SessionState.STOP_FAILED and self.until is None)

    @property
    def may_be_starting(self) -> bool:
        """True while the service may still start it."""
        return self.needs_attention and self.started_at is None

    def overdue_at(self, timings: Timings) -> float | None:
        """Return when an executor should have answered; None if none was asked."""
        answer = _ANSWERS.get(self.state)
        return None if answer is None else self.since + float(getattr(timings, answer))

    def reconnect_by(self, timings: Timings) -> float | None:
        """Return when a socket should be open again; None while one is."""
        is_away = self.state in _WITHOUT_SOCKET
        return self.away_since + timings.reconnect if is_away and self.away_since is not None else None

    def relieve_from(self, timings: Timings) -> float | None:
        """Return from when on a successor is wanted; None if the session's end is unknown."""
        if self.ends_at is None:
            return None
        return self.ends_at - min(timings.rotate, (self.ends_at - self.asked_at) / 2)

    def leave_by(self, timings: Timings) -> float | None:
        """Return when it is left at the latest, also in the middle of a segment."""
        if self.ends_at is None:
            return None
        return self.ends_at - (0.0 if self.is_short(timings) else timings.last_moment)

    def is_short(self, timings: Timings) -> bool:
        """Return whether it is too short to prepare a successor."""
        return self.ends_at is not None and self.ends_at - self.asked_at < timings.shortest

    def deadlines(self, timings: Timings) -> list[float | None]:
        """Return when something about it is due, except for its end."""
        if self.state is SessionState.READY:
            return [self.keep_alive_at, self.join_by]
        return [self.until, self.join_by, self.reconnect_by(timings), self.overdue_at(timings)]

    def apply(self, trigger: SessionTrigger, now: float, *, until: float | None = None) -> None:
        """Make a transition of the table.

        Args:
            trigger: What happened.
            now: Monotonic seconds.
            until: When the wait of the new state is over.

        Raises:
            KeyError: The table has no such transition, which is a mistake of the calling code.
        """
        self.state = SESSION_TRANSITIONS[self.state][trigger]
        self.since, self.until = now, until

    def takes(self, trigger: SessionTrigger) -> bool:
        """Return whether the table has this transition: a result may come after the session was left."""
        return trigger in SESSION_TRANSITIONS[self.state]

    def seconds_used(self, now: float) -> float:
        """Return the seconds that are billed at most: from the request to the confirmed stop."""
        return (now if self.stopped_at is None else self.stopped_at) - self.asked_at

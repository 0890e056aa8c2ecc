"""The sessions of one call: requesting, using, replacing, leaving and stopping them.

Pure, like all of the core. A result that comes after its session was left has an effect only if the table in
`session.py` has a transition for it.
"""

from collections import deque
from collections.abc import Callable

from avatar.core.actions import Action, CancelStart, CloseSocket, OpenSocket, StartSession, StopSession
from avatar.core.deadline import next_after
from avatar.core.events import (
    AvatarRejected,
    Event,
    SessionLeft,
    SessionRefused,
    SessionStarted,
    SessionStopped,
    SocketDropped,
    StopFailed,
)
from avatar.core.purchases import Purchases
from avatar.core.refusal import Refusal
from avatar.core.roster import Roster
from avatar.core.session import Session, SessionState, SessionTrigger
from avatar.core.timings import Timings

# A session and its successor, or one that is being stopped and the next.
_MOST_ALIVE = 2

# Attempts to stop one session; after them it is left to the sweep of the journal.
_MOST_STOPS = 5

_RECONNECT_DELAYS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)


class Sessions(Roster):
    """The sessions of one call, which are started, kept and stopped here.

    Args:
        timings: Waits and limits.
        purchases: Decides when a session may be requested.
        identity: The avatar's identity in the room; later sessions append a number to it.
        avatar_id: The first avatar's id at the service.
        sees_room: True if the machine gets facts about the room.
        replaceable: False if there is one session only, which has to run until the end of the call (a hosted room).
        on_leave: Called with a session that is about to be left, the time, and when the fallback track may speak
            instead: speech that the session has is to be taken back.
    """

    def __init__(
        self,
        timings: Timings,
        purchases: Purchases,
        identity: str,
        avatar_id: str,
        *,
        sees_room: bool,
        replaceable: bool,
        on_leave: Callable[[Session, float, float], None],
    ) -> None:
        super().__init__(identity, avatar_id, timings.interrupt)
        self.actions: deque[Action] = deque()
        self.events: list[Event] = []
        # True while the call wants an avatar.
        self.is_wanted = True
        self.room_is_there = True
        self._t = timings
        self._purchases = purchases
        self._sees_room = sees_room
        self._replaceable = replaceable
        self._on_leave = on_leave

    def take_events(self) -> list[Event]:
        """Return the sessions' events since the last call."""
        events, self.events = self.events, []
        return events

    # Results of actions

    def started(self, session: Session, session_id: str, max_duration: float | None, now: float) -> None:
        """Note that the service runs a session; it ends after `max_duration` seconds, if that is known."""
        if not session.takes(SessionTrigger.STARTED):
            return
        session.session_id, session.started_at = session_id, now
        self.events.append(SessionStarted(session.number, session_id))
        session.ends_at = None if max_duration is None or not self._replaceable else session.asked_at + max_duration
        self._purchases.started()
        if session.state is SessionState.ABANDONED:
            self._stop(session, SessionTrigger.STARTED, now)
            return
        session.away_since = now
        session.join_by = now + self._t.join if self._sees_room and not session.joined else None
        self._open(session, SessionTrigger.STARTED, now)

    def cancelled(self, session: Session, now: float) -> None:
        """Note that the service was not asked to start a session."""
        if session.takes(SessionTrigger.NOT_STARTED):
            session.apply(SessionTrigger.NOT_STARTED, now)
            session.stopped_at = session.asked_at
            self._purchases.cancelled()
            self.forget(session)

    def refused(
        self, session: Session, refusal: Refusal, retry_after: float | None, detail: str, now: float, *, may_run: bool
    ) -> bool:
        """Note that the service refused a session, or did not answer; with `may_run` it may have started it.

        Returns:
            False if no further attempt is made.
        """
        if not session.takes(SessionTrigger.NOT_STARTED):
            return True
        alive = len(self.alive) - 1
        retry_in = self._purchases.refused(refusal, retry_after, alive, now)
        if may_run:
            self._stop(session, SessionTrigger.MAYBE_STARTED, now)
        else:
            session.apply(SessionTrigger.NOT_STARTED, now)
            session.stopped_at = session.asked_at
        self.forget(session)
        self.events.append(SessionRefused(refusal, detail, retry_in))
        if retry_in is None and self._reject_avatar(session, detail):
            return True
        if retry_in is None and self.current is not None and self.current.is_used:
            self._purchases.wait_until(self.current.ends_at or now)
            return True
        return retry_in is not None

    def stopped(self, session: Session, now: float) -> None:
        """Note that the service has confirmed a stop."""
        if session.takes(SessionTrigger.STOPPED):
            session.apply(SessionTrigger.STOPPED, now)
            session.stopped_at = now
            self.events.append(SessionStopped(session.number))
            self._purchases.stopped(now)

    def stop_failed(self, session: Session, now: float) -> None:
        """Note that a stop was not confirmed: it is repeated, with growing waits."""
        if session.takes(SessionTrigger.STOP_FAILED):
            self.events.append(StopFailed(session.number))
            wait = self._t.retry * 2 ** (session.stops - 1)
            session.apply(SessionTrigger.STOP_FAILED, now, until=now + wait if session.stops < _MOST_STOPS else None)

    # Sockets

    def socket_opened(self, session: Session, now: float) -> None:
        """Note that a socket to the session is open."""
        if not session.takes(SessionTrigger.SOCKET_OPENED):
            self.actions.append(CloseSocket(session.number))
            return
        wait = self._t.connected_again if session.has_been_ready else self._t.connected
        session.has_socket = True
        session.apply(SessionTrigger.SOCKET_OPENED, now, until=now + wait)

    def socket_lost(self, session: Session, detail: str, now: float, *, session_over: bool) -> None:
        """Note that the socket of a session was lost, or could not be opened."""
        held = session.state in {SessionState.GREETING, SessionState.READY} and now - session.since >= self._t.stable
        session.controls.clear()
        session.stale.forget()
        if not session.takes(SessionTrigger.SOCKET_LOST):
            return
        if session_over:
            self.leave(session, detail, now, failed=True)
            return
        self.events.append(SocketDropped(session.number, detail))
        session.attempts = 0 if held else session.attempts
        session.away_since = now if held or session.away_since is None else session.away_since
        delay = _RECONNECT_DELAYS[min(session.attempts, len(_RECONNECT_DELAYS) - 1)]
        session.attempts += 1
        session.apply(SessionTrigger.SOCKET_LOST, now, until=now + delay)

    def connected(self, session: Session, now: float) -> None:
        """Note that the service says that the session takes commands."""
        if session.state is not SessionState.GREETING:
            return
        session.told_at = now
        if session.joined or not self._sees_room:
            self._become_ready(session, now)
        else:
            until = now + self._t.tracks
            session.until = until if session.until is None else min(session.until, until)

    # The room

    def joined(self, identity: str, now: float) -> None:
        """Note that an avatar has joined the room."""
        for session in self.by_identity(identity):
            if session.takes(SessionTrigger.RETURNED):
                # A start that was given up has taken effect nevertheless.
                self._stop(session, SessionTrigger.RETURNED, now)
            else:
                session.joined, session.join_by = True, None
                has_waited = session.until is None or session.told_at is not None
                if session.state is SessionState.GREETING and has_waited:
                    self._become_ready(session, now)

    def left_room(self, identity: str, now: float) -> None:
        """Note that an avatar has left the room. While the agent itself is away, everybody seems to leave."""
        for session in self.by_identity(identity):
            if session.joined and self.room_is_there:
                session.joined = False
                self.leave_used(session, "the avatar has left the room", now)

    # Decisions

    def leave(
        self, session: Session, detail: str, now: float, *, failed: bool, last_word_at: float | None = None
    ) -> None:
        """Stop using a session, and stop it once its last word was heard.

        Args:
            session: A session that is used.
            detail: The reason, for the log.
            now: Monotonic seconds.
            failed: True if the session failed; False if the machine decided to leave it.
            last_word_at: When it played the end of its last word.
        """
        if not session.takes(SessionTrigger.LEFT):
            return
        self._on_leave(session, now, now + self._wait_for_successor())
        self.events.append(SessionLeft(session.number, detail, failed))
        self._purchases.ended(now - (session.started_at or now), now, failed=failed)
        self.forget(session)
        if failed and not session.has_been_ready:
            self._reject_avatar(session, detail)
        if session.state is SessionState.STARTING:
            session.apply(SessionTrigger.LEFT, now)
            self.actions.append(CancelStart(session.number))
            return
        wait = self._t.tail if session.controls else 0.0
        if last_word_at is not None and not failed:
            wait = max(wait, last_word_at + self._t.linger - now)
        session.join_by = None
        # A hosted room would end with its session, which waits for `stop_all`.
        session.apply(SessionTrigger.LEFT, now, until=now + wait if self._replaceable else None)
        if _is_due(session.until, now):
            self._end_wait(session, now)

    def leave_used(self, session: Session, detail: str, now: float) -> None:
        """Leave a session that has failed, if it is used."""
        if session.is_used:
            self.leave(session, detail, now, failed=True)

    def leave_all(self, detail: str, now: float, *, last_word_at: float | None) -> None:
        """Leave all sessions."""
        for session in self.alive:
            self.leave(session, detail, now, failed=False, last_word_at=last_word_at)

    def stop_all(self, now: float) -> None:
        """Stop a hosted room's session as well, and wait at most 3 s for a start that is on its way."""
        for session in self.alive:
            if session.state is SessionState.LINGERING and session.until is None:
                session.until = now
            elif session.state is SessionState.ABANDONED:
                session.until = now + self._t.abandoned

    def want_again(self) -> None:
        """Forget earlier failures: the call wants its avatar back."""
        self._purchases.reset()

    def decide(self, now: float, *, between: bool, last_word_at: float | None) -> None:
        """Do what is due: end waits, replace the current session, request the next one."""
        for session in self.alive:
            self._tick(session, now)
        if self.next is not None and self.next.avatar_id != self.avatar_id:
            self.leave(self.next, "another avatar is wanted", now, failed=False)
        self.promote()
        self._relieve(now, between=between, last_word_at=last_word_at)
        self.promote()
        if self._should_start(now):
            self._start(now)

    def next_timeout(self, now: float) -> float | None:
        """Return when `decide` has something to do; None if nothing here depends on time."""
        instants = [at for session in self.all if session.is_alive for at in session.deadlines(self._t)]
        if self.current is not None:
            instants += [self.current.relieve_from(self._t), self.current.leave_by(self._t)]
        if self._misses_session(now):
            instants.append(self._purchases.allowed_at)
        return next_after(now, instants)

    def _tick(self, session: Session, now: float) -> None:
        if _is_due(session.join_by, now) and session.is_used and self.room_is_there:
            self.leave(session, "the avatar did not come into the room", now, failed=True)
        elif _is_due(session.reconnect_by(self._t), now):
            self.leave(session, "the avatar's WebSocket can't be opened", now, failed=True)
        elif _is_due(session.overdue_at(self._t), now):
            self._give_up_result(session, now)
        elif _is_due(session.until, now):
            self._end_wait(session, now)

    def _give_up_result(self, session: Session, now: float) -> None:
        if session.state is SessionState.STOPPING:
            self.stop_failed(session, now)
        else:
            self.refused(session, Refusal.UNREACHABLE, None, "no answer to the start", now, may_run=True)

    def _end_wait(self, session: Session, now: float) -> None:
        match session.state:
            case SessionState.GREETING:
                if session.joined or session.told_at is not None or not self._sees_room:
                    self._become_ready(session, now)
                else:
                    # Wait until its avatar is in the room.
                    session.until = None
            case SessionState.AWAY:
                self._open(session, SessionTrigger.WAITED, now)
            case SessionState.ABANDONED:
                self._stop(session, SessionTrigger.MAYBE_STARTED, now)
            case _:
                self._stop(session, SessionTrigger.WAITED, now)

    def _become_ready(self, session: Session, now: float) -> None:
        session.apply(SessionTrigger.WAITED, now)
        session.has_been_ready = True
        self.prove(session)
        session.away_since = None
        session.keep_alive_at = now + self._t.keep_alive

    def _wait_for_successor(self) -> float:
        """Return the seconds by which the fallback track waits for a successor."""
        is_followed = self.next is not None and self.next.is_ready
        return self._t.fallback + self._t.tail if is_followed else 0.0

    def _relieve(self, now: float, *, between: bool, last_word_at: float | None) -> None:
        """Leave the current session before the service ends it, between two segments if that is possible."""
        current = self.current
        if current is None or not current.is_used:
            return
        is_due = _is_due(current.relieve_from(self._t), now)
        is_relieved = between and (is_due or self.is_outdated) and self._has_heir()
        if is_relieved or _is_due(current.leave_by(self._t), now):
            detail = "the session's time is up" if is_due else "another avatar is wanted"
            self.leave(current, detail, now, failed=False, last_word_at=last_word_at)

    def _has_heir(self) -> bool:
        """Return whether a successor is ready; in a full account, it can start only once the slot is free."""
        return self.next.is_ready if self.next is not None else not self._purchases.fits(len(self.alive))

    def _misses_session(self, now: float) -> bool:
        """Return whether one more session is wanted, is possible, and was not requested yet."""
        is_free = self.is_wanted and self.room_is_there and (self._replaceable or not self.all)
        return is_free and self._lacks_session(now) and self._has_room_for_one()

    def _lacks_session(self, now: float) -> bool:
        """Return whether there is no session, or one that needs a successor and has none."""
        current = self.current
        if current is None:
            return True
        is_ending = _is_due(current.relieve_from(self._t), now) and not current.is_short(self._t)
        return self.next is None and (is_ending or self.is_outdated)

    def _has_room_for_one(self) -> bool:
        """Return whether one more session may run, and none may still be starting."""
        alive = self.alive
        fits = len(alive) < _MOST_ALIVE and self._purchases.fits(len(alive))
        return fits and not any(session.may_be_starting for session in alive)

    def _should_start(self, now: float) -> bool:
        return self._misses_session(now) and now >= self._purchases.allowed_at

    def _reject_avatar(self, session: Session, detail: str) -> bool:
        """Go back to the last avatar that worked if this session's never did; return False if it did."""
        is_rejected = self.reject(session)
        if is_rejected:
            self.events.append(AvatarRejected(session.avatar_id, detail))
        return is_rejected

    # Actions

    def _start(self, now: float) -> None:
        session = self.add(now)
        self._purchases.asked(now)
        self.actions.append(StartSession(session.number, session.identity, session.avatar_id))

    def _open(self, session: Session, trigger: SessionTrigger, now: float) -> None:
        session.apply(trigger, now)
        self.actions.append(OpenSocket(session.number))

    def _stop(self, session: Session, trigger: SessionTrigger, now: float) -> None:
        session.apply(trigger, now)
        session.stops += 1
        session.has_socket = False
        self.actions.append(CloseSocket(session.number))
        self.actions.append(StopSession(session.number))


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now

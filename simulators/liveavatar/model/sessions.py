"""The life of sessions: their start, their timers, and their end."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from simulators.liveavatar.model.conversation import Conversation
from simulators.liveavatar.model.happenings import AvatarJoined, AvatarLeft, Happening
from simulators.liveavatar.model.room_token import read_room_token
from simulators.liveavatar.model.session import Session
from simulators.liveavatar.model.sockets import Sockets

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from datetime import datetime

    from simulators.faults.places import Moment
    from simulators.liveavatar.model.account import Account
    from simulators.liveavatar.model.habits import Habits
    from simulators.liveavatar.model.requests import EndReason, TokenRequest
    from simulators.liveavatar.model.schedule import Schedule

# URLs at which the service's WebSockets and own rooms were seen, and the avatar's identity there (facts 16, 81, 84).
SOCKETS_URL = "wss://webrtc-signaling.heygen.io/v2-alpha/interactive-avatar/session/"
ROOMS_URL = "wss://heygen-feapbkvq.livekit.cloud"
HOSTED_IDENTITY = "heygen"

# Credits below this are a rounding error.
NO_CREDITS = 1e-6


class Sessions:
    """Starts, watches and ends sessions.

    Args:
        habits: Habits of the service.
        account: The account of the sessions.
        schedule: The model's schedule.
        outbox: The model's outbox.
        new_id: Makes an id of a kind.
        date_of: Returns the date of an instant.
        on_moment: Called at each moment at which a fault may strike a session.
        has_real_rooms: Whether the model's owner reports when an avatar has joined.
        keeps_sound: Whether everything that is heard is kept.

    Attributes:
        running: The running sessions by id.
        sockets: Their WebSockets.
    """

    def __init__(
        self,
        habits: Habits,
        account: Account,
        schedule: Schedule,
        outbox: deque[Happening],
        *,
        new_id: Callable[[str], str],
        date_of: Callable[[float], datetime],
        on_moment: Callable[[Session, Moment], None],
        has_real_rooms: bool,
        keeps_sound: bool,
    ) -> None:
        self.running: dict[str, Session] = {}
        self.sockets = Sockets(habits, account, schedule, outbox, self._watch_alone)
        self._habits = habits
        self._account = account
        self._schedule = schedule
        self._outbox = outbox
        self._new_id = new_id
        self._date_of = date_of
        self._on_moment = on_moment
        self._has_real_rooms = has_real_rooms
        self._keeps_sound = keeps_sound

    def create(self, request: TokenRequest, now: float) -> Session:
        """Create a session with its token."""
        config = request.livekit_config
        room_token = None if config is None else read_room_token(config.livekit_client_token)
        identity = HOSTED_IDENTITY if room_token is None else room_token.identity
        session_id, token, key = (self._new_id(kind) for kind in ("session", "token", "ws"))
        session = Session(session_id, token, key, request, identity, created_at=now)
        self._account.add(session)
        return session

    def start(self, session: Session, now: float, replied_at: float) -> dict[str, object]:
        """Start a session, which costs credits from now on.

        Returns:
            The part of the answer about WebSocket and room.
        """
        session.state, session.started_at = "started", now
        session.last_command_at = session.alone_since = now
        session.conversation = Conversation(
            self._habits,
            now=now,
            new_id=partial(self._new_id, "event"),
            send=partial(self.sockets.send, session),
            on_moment=partial(self._on_moment, session),
            keeps_sound=self._keeps_sound,
        )
        self.running[session.id] = session
        self._plan_readiness(session, replied_at)
        self._plan_end(session, now)
        data: dict[str, object] = {"ws_url": SOCKETS_URL + session.ws_key}
        if session.request.livekit_config is None:
            tokens = {f"livekit_{who}_token": self._new_id(f"{who}-token") for who in ("client", "agent")}
            data |= {"livekit_url": ROOMS_URL, **tokens}
        return data

    def join(self, session: Session, now: float, *, lead: float = 0.0) -> None:
        """Note that the avatar is in its room, which buffers `lead` seconds of audio."""
        if session.is_running and session.conversation is not None:
            session.joined_at = now
            session.conversation.player.release(now=now, lead=lead)

    def finish(self, session: Session, reason: EndReason, now: float) -> None:
        """End a session; the first reason stays."""
        if session.state == "ended":
            return
        session.state, session.end_reason, session.ended_at = "ended", reason, now
        self.running.pop(session.id, None)
        if session.conversation is None:
            return
        session.conversation.player.advance(now)
        session.conversation.close()
        if session.socket_id is not None:
            self.sockets.close(session.socket_id, 1000, now)
        if session.has_avatar:
            self._outbox.append(AvatarLeft(session.id, session.identity))

    def date(self, at: float) -> str:
        """Format an instant in ISO 8601."""
        return self._date_of(at).isoformat()

    def _plan_readiness(self, session: Session, replied_at: float) -> None:
        habits, at = self._habits, self._schedule.at
        session.ready_at = replied_at + habits.ready_after
        at(session.ready_at, partial(self.sockets.engage, session))
        at(replied_at + habits.joins_after, partial(self._call_avatar, session))
        if habits.connected_after is not None:
            session.connected_at = replied_at + habits.connected_after
            at(session.connected_at, partial(self.sockets.connect, session))

    def _plan_end(self, session: Session, now: float) -> None:
        self._schedule.at(now + self._longest(session), partial(self._reach_limit, session))
        self._schedule.at(now + self._habits.idle_timeout, partial(self._check_idle, session))
        self._watch_alone(session, now)
        if (out_at := self._account.runs_out_at(now)) is not None:
            self._schedule.at(out_at, self._check_credits)

    def _longest(self, session: Session) -> float:
        if session.request.is_sandbox:
            return self._habits.sandbox_seconds
        return session.request.max_session_duration or self._habits.max_duration

    def _call_avatar(self, session: Session, now: float) -> None:
        if session.is_running:
            self._on_moment(session, "joining")
        if session.is_running:
            session.has_avatar = True
            self._outbox.append(AvatarJoined(session.id, session.identity))
            if not self._has_real_rooms:
                self.join(session, now)

    def _reach_limit(self, session: Session, now: float) -> None:
        if not session.is_running or session.conversation is None:
            return
        if session.request.is_sandbox or self._habits.paid_limit == "ends":
            self.finish(session, "MAX_DURATION_REACHED", now)
        else:
            session.conversation.player.limit(now=now)

    def _check_idle(self, session: Session, now: float) -> None:
        due_at = session.last_command_at + self._habits.idle_timeout
        if session.is_running and now >= due_at:
            self.finish(session, "IDLE_TIMEOUT", now)
        elif session.is_running:
            self._schedule.at(due_at, partial(self._check_idle, session))

    def _watch_alone(self, session: Session, now: float) -> None:
        self._schedule.at(now + self._habits.orphan_timeout, partial(self._check_alone, session))

    def _check_alone(self, session: Session, now: float) -> None:
        since = session.alone_since
        if session.is_running and since is not None and now >= since + self._habits.orphan_timeout:
            self.finish(session, "ZOMBIE_SESSION_REAP", now)

    def _check_credits(self, now: float) -> None:
        out_at = self._account.runs_out_at(now)
        if out_at is None:
            return
        if self._account.credits_left(now) > NO_CREDITS:
            self._schedule.at(out_at, self._check_credits)
            return
        for session in self._account.active:
            if not session.request.is_sandbox:
                self.finish(session, "NO_CREDITS", now)


def dates_from(wall_clock: datetime, opened_at: float) -> Callable[[float], datetime]:
    """Make a function that returns the date of an instant; `wall_clock` was the date at `opened_at`."""
    return lambda at: wall_clock + timedelta(seconds=at - opened_at)

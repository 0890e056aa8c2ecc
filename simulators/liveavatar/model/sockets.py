"""The clients' WebSockets."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from simulators.liveavatar.model.happenings import (
    Happening,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketStruck,
    SocketText,
)

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from simulators.liveavatar.model.account import Account
    from simulators.liveavatar.model.conversation import Message
    from simulators.liveavatar.model.habits import Habits
    from simulators.liveavatar.model.schedule import Schedule
    from simulators.liveavatar.model.session import Session


@dataclass(slots=True)
class Socket:
    """A client's WebSocket.

    Attributes:
        session: Its session; None before it is open.
        number: 1 for the first WebSocket of its session.
        is_over: Whether it was closed, refused or lost.
        is_welcome: Whether `connected` was sent on it.
    """

    session: Session | None = None
    number: int = 0
    is_over: bool = False
    is_welcome: bool = False


class Sockets:
    """Opens, serves and closes WebSockets; a session's newest one counts (fact 37).

    Args:
        habits: Habits of the service.
        account: The account of the sessions.
        schedule: The model's schedule.
        outbox: The model's outbox.
        on_lost: Called with a session that has lost its WebSocket.
    """

    def __init__(
        self,
        habits: Habits,
        account: Account,
        schedule: Schedule,
        outbox: deque[Happening],
        on_lost: Callable[[Session, float], None],
    ) -> None:
        self._habits = habits
        self._account = account
        self._schedule = schedule
        self._outbox = outbox
        self._on_lost = on_lost
        self._sockets: dict[int, Socket] = {}

    def shake_hands(self, socket_id: int, url: str, now: float) -> None:
        """Take a handshake; a query at the end of the URL is ignored (fact 16)."""
        self._sockets[socket_id] = Socket()
        key = url.partition("?")[0].rpartition("/")[2]
        self._schedule.at(now + self._habits.socket_takes, partial(self._open, socket_id, key))

    def session(self, socket_id: int) -> Session | None:
        """Find the session whose newest WebSocket this is."""
        session = self._sockets[socket_id].session
        return session if session is not None and session.socket_id == socket_id else None

    def is_welcome(self, socket_id: int) -> bool:
        """Return whether `connected` was sent on a WebSocket."""
        return self._sockets[socket_id].is_welcome

    def receive(self, socket_id: int, frame: str | bytes, now: float) -> None:
        """Take a frame; frames on a lost or replaced WebSocket are ignored."""
        session = self.session(socket_id)
        if session is None or session.conversation is None:
            return
        if len(frame) > self._habits.max_frame_bytes:
            self.close(socket_id, 1009, now)
            return
        session.last_command_at = now
        drops_early = self._habits.drops_early_commands or session.unready_until > now
        session.conversation.receive(
            frame,
            now=now,
            is_ready=session.takes_commands(now) or not drops_early,
            loses_speech=self._habits.loses_speech_before_joined and session.joined_at is None,
        )

    def engage(self, session: Session, now: float) -> None:
        """Note that a session takes commands, if it is ready and has a WebSocket."""
        if session.state == "started" and session.socket_id is not None and now >= session.ready_at:
            session.state = "connected"

    def connect(self, session: Session, now: float) -> None:
        """Send `connected` if it is due and this WebSocket gets it."""
        if session.socket_id is None or session.conversation is None or now < session.connected_at:
            return
        socket = self._sockets[session.socket_id]
        is_too_late = self._habits.tells_connected_once and socket.number > 1
        if not socket.is_welcome and not is_too_late and now >= session.unready_until:
            socket.is_welcome = True
            session.conversation.connect()

    def send(self, session: Session, message: Message) -> None:
        """Send a message; without a WebSocket it is lost."""
        if session.socket_id is not None:
            self._outbox.append(SocketText(session.socket_id, json.dumps(message)))

    def strike(self, session: Session, fault: object) -> None:
        """Let a fault strike after earlier messages."""
        if session.socket_id is not None:
            self._outbox.append(SocketStruck(session.socket_id, fault))

    def close(self, socket_id: int, code: int, now: float) -> None:
        """Close a WebSocket from the service's side, or let the client see it lost."""
        if not self._sockets[socket_id].is_over:
            self._outbox.append(SocketClosed(socket_id, code))
        self.lose(socket_id, now)

    def lose(self, socket_id: int, now: float) -> None:
        """Continue without a WebSocket."""
        session = self.session(socket_id)
        self._sockets[socket_id].is_over = True
        if session is None:
            return
        session.socket_id, session.alone_since = None, now
        if not self._habits.keeps_queue and session.conversation is not None:
            session.conversation.player.stop(now=now)
        self._on_lost(session, now)

    def _open(self, socket_id: int, key: str, now: float) -> None:
        socket, session = self._sockets[socket_id], self._account.by_ws_key(key)
        if socket.is_over:
            return
        if session is None or session.conversation is None:
            socket.is_over = True
            self._outbox.append(SocketRefused(socket_id, 404))
            return
        if session.socket_id is not None:
            self.close(session.socket_id, 1000, now)
        session.sockets += 1
        session.socket_id, session.alone_since, session.unready_until = socket_id, None, -math.inf
        socket.session, socket.number = session, session.sockets
        self._outbox.append(SocketOpened(socket_id))
        self.engage(session, now)
        session.conversation.open()
        if session.unready_until < math.inf:
            self._schedule.at(max(now, session.unready_until), partial(self.connect, session))

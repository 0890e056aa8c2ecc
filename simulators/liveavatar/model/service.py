"""The whole service, without I/O, clock or random numbers: takes requests and frames, and returns happenings."""

from __future__ import annotations

from collections import Counter, deque
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from simulators.liveavatar.model.account import Account
from simulators.liveavatar.model.happenings import Happening, Replied
from simulators.liveavatar.model.rates import Allowance, RateLimit
from simulators.liveavatar.model.refusals import Answer, envelope
from simulators.liveavatar.model.rest import Call, RestApi
from simulators.liveavatar.model.routes import find_target
from simulators.liveavatar.model.schedule import Schedule
from simulators.liveavatar.model.sessions import Sessions, dates_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.faults.places import Moment
    from simulators.liveavatar.model.habits import Habits
    from simulators.liveavatar.model.requests import EndReason
    from simulators.liveavatar.model.session import Session


class Ids:
    """Numbered ids: session-1, session-2, token-1."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __call__(self, kind: str) -> str:
        """Make the next id of a kind."""
        self._counts[kind] += 1
        return f"{kind}-{self._counts[kind]}"


class ServiceModel:
    """LiveAvatar with its observed behaviour.

    Pass in the clients' actions, with `now` in monotonic seconds; then carry out the happenings that `advance` returns,
    and call `advance` again at `next_at` at the latest. The same inputs give the same outputs.

    Args:
        habits: Habits of the service.
        now: Time in seconds.
        api_key: The only key that is accepted.
        new_id: Makes an id of a kind: session, token, ws, event.
        wall_clock: The date at `now`, for the dates in answers.
        hosts_rooms: Whether the service opens rooms for sessions without one.
        has_real_rooms: Whether, after `AvatarJoined`, the owner joins a real room and calls `avatar_joined`.
        keeps_sound: Whether `Session.heard` keeps everything that was heard.
        on_moment: Called at each moment at which a fault may strike a session.
    """

    def __init__(
        self,
        habits: Habits,
        *,
        now: float,
        api_key: str = "stand-in",
        new_id: Callable[[str], str] | None = None,
        wall_clock: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        hosts_rooms: bool = True,
        has_real_rooms: bool = False,
        keeps_sound: bool = True,
        on_moment: Callable[[Session, Moment], None] = lambda _session, _moment: None,
    ) -> None:
        self.habits = habits
        self._now = now
        self._is_at_work = False
        self._account = Account(habits)
        self._schedule = Schedule()
        self._outbox: deque[Happening] = deque()
        self._lives = Sessions(
            habits,
            self._account,
            self._schedule,
            self._outbox,
            new_id=new_id or Ids(),
            date_of=dates_from(wall_clock, now),
            on_moment=on_moment,
            has_real_rooms=has_real_rooms,
            keeps_sound=keeps_sound,
        )
        self._sockets = self._lives.sockets
        self._rest = RestApi(habits, self._account, self._lives, api_key=api_key, hosts_rooms=hosts_rooms)
        self._rate_limit = RateLimit(habits.rate_limit)
        self._numbers = count(1)

    # State

    @property
    def sessions(self) -> list[Session]:
        """All sessions for which a token was given, in order."""
        return list(self._account.sessions.values())

    def session(self, session_id: str) -> Session:
        """Find a session; raises KeyError."""
        return self._account.sessions[session_id]

    def running(self, now: float) -> list[Session]:
        """Return the sessions that are active and cost credits at `now`."""
        self._run(now)
        return self._account.active

    def billed_seconds(self, now: float) -> float:
        """Return the total length of the billed sessions up to `now`, in seconds."""
        self._run(now)
        return sum(session.billed_seconds(now) for session in self.sessions)

    def credits_left(self, now: float) -> float:
        """Return the balance of the account."""
        self._run(now)
        return self._account.credits_left(now)

    # Time

    def next_at(self) -> float | None:
        """Return when `advance` is due; None while only a client can cause happenings."""
        return self._now if self._outbox else self._next_work()

    def advance(self, now: float) -> list[Happening]:
        """Do everything that is due at `now`, and return the happenings to carry out, in order."""
        self._run(now)
        happenings = list(self._outbox)
        self._outbox.clear()
        return happenings

    # Actions of clients

    def request(self, method: str, path: str, headers: Mapping[str, str], body: object, now: float) -> int:
        """Take a REST request; `Replied` answers it, whether or not its client still waits.

        Args:
            method: HTTP method.
            path: Path from `/v1/` on, with the query.
            headers: Headers of the request.
            body: Decoded JSON; None without a body.
            now: Time in seconds.

        Returns:
            The number by which `Replied` refers to it.
        """
        self._run(now)
        request_id = next(self._numbers)
        target = find_target(method, path)
        lowered = {name.lower(): value for name, value in headers.items()}
        allowance = self._count(target.name, lowered, now)
        if allowance is not None and allowance.is_exceeded:
            self._reply(request_id, Answer(429, envelope(None, "Rate limit exceeded", code=429), {}), allowance)
            return request_id
        takes, share = self._timing(target.name)

        def carry_out(at: float) -> None:
            answer = self._rest.answer(Call(target, lowered, body, at, now + takes))
            self._schedule.at(now + takes, lambda _at: self._reply(request_id, answer, allowance))

        self._schedule.at(now + takes * share, carry_out)
        return request_id

    def open_socket(self, url: str, now: float) -> int:
        """Take a WebSocket handshake; `SocketOpened` or `SocketRefused` answers it.

        Args:
            url: URL from the answer to the start, or its last part.
            now: Time in seconds.

        Returns:
            The number by which the happenings refer to the WebSocket.
        """
        self._run(now)
        socket_id = next(self._numbers)
        self._sockets.shake_hands(socket_id, url, now)
        return socket_id

    def receive(self, socket_id: int, frame: str | bytes, now: float) -> None:
        """Take a client's frame; frames on a lost or replaced WebSocket are ignored."""
        self._run(now)
        self._sockets.receive(socket_id, frame, now)

    def close_socket(self, socket_id: int, now: float) -> None:
        """Take the close of a WebSocket by its client."""
        self._run(now)
        self._sockets.lose(socket_id, now)

    # Actions of the model's owner

    def drop_socket(self, socket_id: int, now: float, *, told: bool = False) -> None:
        """Lose a WebSocket.

        Args:
            socket_id: The WebSocket's number.
            now: Time in seconds.
            told: Whether the client sees the connection end. Otherwise the connection is half-open: the client
                receives nothing more, and the service receives nothing from it (fact 40).
        """
        self._run(now)
        if told:
            self._sockets.close(socket_id, 1006, now)
        else:
            self._sockets.lose(socket_id, now)

    def avatar_joined(self, session_id: str, now: float, *, lead: float = 0.0) -> None:
        """Note that the avatar is in its real room, which buffers `lead` seconds of audio."""
        self._run(now)
        self._lives.join(self.session(session_id), now, lead=lead)

    def play(self, session_id: str, now: float) -> bytes:
        """Return the PCM that was heard since the last call, including silence, from `avatar_joined` on."""
        self._run(now)
        conversation = self.session(session_id).conversation
        return b"" if conversation is None else conversation.player.play(now=now)

    def end(self, session_id: str, reason: EndReason, now: float) -> None:
        """End a session; the first reason stays."""
        self._run(now)
        self._lives.finish(self.session(session_id), reason, now)

    def mute(self, session_id: str, now: float) -> None:
        """Make a session ignore all commands and send nothing from now on."""
        self._run(now)
        conversation = self.session(session_id).conversation
        if conversation is not None:
            conversation.mute(now=now)

    def strike(self, session_id: str, fault: object) -> None:
        """Add a fault of a session's WebSocket to the happenings, after earlier messages."""
        self._sockets.strike(self.session(session_id), fault)

    # Inside

    def _next_work(self) -> float | None:
        instants = [self._schedule.next_at()]
        instants += [each.conversation.player.next_at() for each in self._lives.running.values() if each.conversation]
        return min((at for at in instants if at is not None), default=None)

    def _run(self, now: float) -> None:
        if self._is_at_work:  # called back from `on_moment`
            return
        self._is_at_work = True
        while (at := self._next_work()) is not None and at <= now:
            self._schedule.run(at)
            for session in list(self._lives.running.values()):
                if session.conversation is not None and session.is_running:
                    session.conversation.send_events(now=at)
        self._is_at_work = False
        self._now = max(self._now, now)

    def _timing(self, name: str) -> tuple[float, float]:
        """Return the seconds that a request takes, and the share of them after which it takes effect."""
        habits = self.habits
        return {
            "token": (habits.token_takes, 1.0),
            "start": (habits.start_takes, habits.start_takes_effect),
            "stop": (habits.stop_takes, 0.0),
        }.get(name, (habits.other_calls_take, 1.0))

    def _count(self, name: str, headers: Mapping[str, str], now: float) -> Allowance | None:
        if not self.habits.rate_limit:
            return None
        credential = headers.get("authorization", headers.get("x-api-key", ""))
        return self._rate_limit.take(credential, name, now=now)

    def _reply(self, request_id: int, answer: Answer, allowance: Allowance | None) -> None:
        headers = {**answer.headers, **({} if allowance is None else allowance.headers)}
        self._outbox.append(Replied(request_id, answer.status, headers, answer.body))

"""The account behind the API key: its sessions, its slots and its credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.liveavatar.model.refusals import ApiError

if TYPE_CHECKING:
    from simulators.liveavatar.model.habits import Habits
    from simulators.liveavatar.model.session import Session

# Credits that a session needs to start: those of one minute (fact 66).
CREDITS_TO_START = 1.0


class Account:
    """The sessions of the account.

    Attributes:
        sessions: Every session for which a token was given, by its id, in order.
    """

    def __init__(self, habits: Habits) -> None:
        self.sessions: dict[str, Session] = {}
        self._by_token: dict[str, Session] = {}
        self._by_ws_key: dict[str, Session] = {}
        self._habits = habits

    def add(self, session: Session) -> None:
        """Note a session for which a token was given."""
        self.sessions[session.id] = session
        self._by_token[session.token] = session
        self._by_ws_key[session.ws_key] = session

    def by_token(self, token: str) -> Session | None:
        """Find the session of a session token."""
        return self._by_token.get(token)

    def by_ws_key(self, ws_key: str) -> Session | None:
        """Find the running session of a WebSocket URL."""
        session = self._by_ws_key.get(ws_key)
        return session if session is not None and session.is_running else None

    @property
    def active(self) -> list[Session]:
        """The running sessions."""
        return [session for session in self.sessions.values() if session.is_running]

    @property
    def historic(self) -> list[Session]:
        """The ended sessions."""
        return [session for session in self.sessions.values() if session.state == "ended"]

    def admit(self, session: Session, now: float) -> None:
        """Check that a session may start.

        Raises:
            ApiError: Too many sessions run, or the credits do not suffice.
        """
        is_sandbox = session.request.is_sandbox
        slots = self._habits.sandbox_concurrency if is_sandbox else self._habits.concurrency
        if sum(self._takes_slot(other, now) for other in self._like(session)) >= slots:
            raise ApiError(403, "Session concurrency limit reached", code=self._habits.concurrency_code)
        if not is_sandbox and not self._habits.has_overage and self.credits_left(now) < CREDITS_TO_START:
            raise ApiError(403, "Insufficient credits", code=self._habits.no_credits_code)

    def price(self, session: Session, now: float) -> float:
        """Return the credits that a session has cost."""
        return session.billed_seconds(now) / 60 * self._habits.credits_per_minute

    def credits_left(self, now: float) -> float:
        """Return the remaining credits, at least 0."""
        used = sum(self.price(session, now) for session in self.sessions.values())
        return max(self._habits.credits - used, 0.0)

    def runs_out_at(self, now: float) -> float | None:
        """Return when the credits are used up if the running sessions go on; None for never."""
        paid = sum(not session.request.is_sandbox for session in self.active)
        if not paid or self._habits.has_overage or not self._habits.credits_per_minute:
            return None
        return now + self.credits_left(now) / (paid * self._habits.credits_per_minute) * 60

    def _like(self, session: Session) -> list[Session]:
        return [other for other in self.sessions.values() if other.request.is_sandbox == session.request.is_sandbox]

    def _takes_slot(self, session: Session, now: float) -> bool:
        if session.ended_at is None or session.started_at is None:
            return session.is_running
        return now < session.ended_at + self._habits.slot_freed_after

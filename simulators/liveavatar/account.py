"""The account behind the API key: its sessions and its credits."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from simulators.liveavatar.errors import ApiError

if TYPE_CHECKING:
    from simulators.liveavatar.options import Options
    from simulators.liveavatar.requests import EndReason, TokenRequest

SessionState = Literal["created", "started", "connected", "ended"]

CREDITS_PER_MINUTE = 1.0
"""Price of LITE (HeyGen's credits page); pro rata (seen by a user)."""

CREDITS_TO_START = 1.0
"""A session needs one minute's worth to start (HeyGen's credits page)."""

CONCURRENCY_CODE = 4032
"""`code` of a 403 when too many sessions run (seen by users)."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class SessionRecord:
    """What the account knows of a session; `token` and `ws_key` are its credentials."""

    request: TokenRequest
    id: str = field(default_factory=lambda: str(uuid4()))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    ws_key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    state: SessionState = "created"
    end_reason: EndReason | None = None
    created_at: datetime = field(default_factory=_now)
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def duration(self) -> float:
        """Seconds from its start to its end, or until now; a sandbox session counts none (seen by a user)."""
        if self.started_at is None or self.request.is_sandbox:
            return 0.0
        return ((self.ended_at or _now()) - self.started_at).total_seconds()

    @property
    def credits_consumed(self) -> float:
        """Its price up to now."""
        return self.duration / 60 * CREDITS_PER_MINUTE


class Account:
    """All sessions of the account, from the first token on, and what is left of its credits.

    Attributes:
        records: every session for which a token was given, by its id.
        active: those that run.
        historic: those that have ended.
    """

    def __init__(self, options: Options) -> None:
        self.records: dict[str, SessionRecord] = {}
        self.active: list[SessionRecord] = []
        self.historic: list[SessionRecord] = []
        self._options = options
        self._settled = 0.0

    @property
    def credits_left(self) -> float:
        """What has not been used up; never below 0."""
        running = sum(record.credits_consumed for record in self.active)
        return max(self._options.credits - self._settled - running, 0.0)

    def create(self, request: TokenRequest) -> SessionRecord:
        """Note a session for which a token was asked."""
        record = SessionRecord(request)
        self.records[record.id] = record
        return record

    def by_token(self, token: str) -> SessionRecord | None:
        """Find the session that a session token is for."""
        return next((record for record in self.records.values() if record.token == token), None)

    def start(self, record: SessionRecord) -> None:
        """Let a session start; from here on it costs.

        Raises:
            ApiError: it was started before, too many sessions run, or the credits do not suffice.
        """
        if record.state != "created":
            raise ApiError(400, "Session was already started")
        if len(self.active) >= self._options.concurrency:
            raise ApiError(403, "Session concurrency limit reached", code=CONCURRENCY_CODE)
        if not record.request.is_sandbox and self.credits_left < CREDITS_TO_START:
            raise ApiError(403, "Insufficient credits")
        record.state, record.started_at = "started", _now()
        self.active.append(record)

    def connect(self, record: SessionRecord) -> None:
        """Note that the avatar is in the room and its client was told so."""
        if record.state == "started":
            record.state = "connected"

    def end(self, record: SessionRecord, reason: EndReason) -> None:
        """Note the end of a session; the first reason stays."""
        if record.state == "ended":
            return
        if record in self.active:
            self.active.remove(record)
        record.state, record.end_reason, record.ended_at = "ended", reason, _now()
        self.historic.append(record)
        self._settled += record.credits_consumed

"""The REST API, as in HeyGen's API reference and as observed."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn, Protocol

from pydantic import ValidationError

from simulators.liveavatar.model.avatars import PUBLIC_AVATARS, WAYNE_ID
from simulators.liveavatar.model.refusals import (
    Answer,
    ApiError,
    answer_details,
    answer_error,
    envelope,
    refused_token,
)
from simulators.liveavatar.model.requests import SessionRequest, SessionsQuery, TokenRequest
from simulators.liveavatar.model.room_token import read_room_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.liveavatar.model.account import Account
    from simulators.liveavatar.model.habits import Habits
    from simulators.liveavatar.model.requests import EndReason
    from simulators.liveavatar.model.routes import Target
    from simulators.liveavatar.model.session import Session


@dataclass(frozen=True, slots=True)
class Call:
    """A request that takes effect.

    Attributes:
        target: The endpoint.
        headers: Headers with lower-case names.
        body: Decoded JSON; None without a body.
        now: When it takes effect, in seconds.
        replied_at: When it will be answered, in seconds.
    """

    target: Target
    headers: Mapping[str, str]
    body: object
    now: float
    replied_at: float


class Lives(Protocol):
    """The actions of the API on sessions."""

    def create(self, request: TokenRequest, now: float) -> Session:
        """Create a session with its token."""

    def start(self, session: Session, now: float, replied_at: float) -> dict[str, object]:
        """Start a session; return the part of the answer about WebSocket and room."""

    def finish(self, session: Session, reason: EndReason, now: float) -> None:
        """End a session."""

    def date(self, at: float) -> str:
        """Format an instant in ISO 8601."""


class RestApi:
    """Carries requests out.

    Args:
        habits: Habits of the service.
        account: The account of the sessions.
        lives: Starts and ends sessions.
        api_key: The only key that is accepted.
        hosts_rooms: Whether the service opens rooms for sessions without one.
    """

    def __init__(self, habits: Habits, account: Account, lives: Lives, *, api_key: str, hosts_rooms: bool) -> None:
        self._habits = habits
        self._account = account
        self._lives = lives
        self._api_key = api_key
        self._hosts_rooms = hosts_rooms
        self._failing_starts = list(habits.failing_starts)
        self._handlers: dict[str, Callable[[Call], object]] = {
            "token": self._create,
            "start": self._start,
            "stop": self._stop,
            "keep_alive": self._keep_alive,
            "sessions": self._list_sessions,
            "session": self._get_session,
            "avatars": self._list_avatars,
            "avatar": self._get_avatar,
            "credits": self._get_credits,
        }

    def answer(self, call: Call) -> Answer:
        """Carry a request out."""
        handler = self._handlers.get(call.target.name)
        if self._habits.refuses_urllib and call.headers.get("user-agent", "").startswith("Python-urllib"):
            return Answer(403, "<html><body>Forbidden</body></html>", {})
        if handler is None:
            status = HTTPStatus(int(call.target.name))
            return Answer(int(status), {"detail": status.phrase.title()}, {})
        try:
            data = handler(call)
        except ApiError as error:
            return answer_error(error)
        except ValidationError as error:
            return answer_details(error)
        status = HTTPStatus.CREATED if call.target.name == "start" else HTTPStatus.OK
        return Answer(int(status), envelope(data, code=self._habits.success_code), {})

    def _create(self, call: Call) -> object:
        self._require_key(call)
        asked = TokenRequest.model_validate(call.body)
        if self._habits.avatar_ids_need_dashes and "-" not in asked.avatar_id:
            raise ApiError(422, "avatar_id is not a valid UUID")
        self._check_avatar(asked)
        self._check_duration(asked)
        self._check_quality(asked)
        self._check_room(asked)
        if asked.is_sandbox and not self._habits.sandbox_refuses_avatars:
            asked = asked.model_copy(update={"avatar_id": WAYNE_ID})
        session = self._lives.create(asked, call.now)
        return {"session_id": session.id, "session_token": session.token}

    def _start(self, call: Call) -> object:
        session = self._bearer(call)
        if session is None:
            raise ApiError(401, "Invalid session token")
        if self._failing_starts:
            raise ApiError(self._failing_starts.pop(0), "Internal server error")
        if session.state != "created":
            raise ApiError(400, "Session was already started")
        config = session.request.livekit_config
        if config is not None and self._habits.checks_grants == "start" and _refused_grant(config.livekit_client_token):
            raise ApiError(500, "Internal server error")
        self._account.admit(session, call.now)
        return {
            "session_id": session.id,
            "max_session_duration": session.request.max_session_duration or self._longest(session.request),
            **self._lives.start(session, call.now, call.replied_at),
        }

    def _stop(self, call: Call) -> object:
        asked = SessionRequest.model_validate({"reason": "USER_CLOSED"} if call.body is None else call.body)
        session = self._addressed(call, asked)
        if session.state == "created" and not self._habits.stop_cancels_start:
            raise ApiError(404, "Session not found")
        if session.state == "ended":
            if self._habits.stop_of_ended != HTTPStatus.OK:
                raise ApiError(self._habits.stop_of_ended, "Session not found")
            return None
        self._lives.finish(session, asked.reason, call.now)
        return None

    def _keep_alive(self, call: Call) -> object:
        asked = SessionRequest.model_validate({} if call.body is None else call.body)
        by_token = self._bearer(call)
        if by_token is None and asked.session_id is None:
            self._require_key(call)
            if self._habits.keep_alive_needs_id:
                raise ApiError(400, "session_id is required")
            return None
        session = by_token or self._addressed(call, asked)
        if session.state == "ended" and self._habits.keep_alive_of_ended_fails:
            raise ApiError(400 if by_token is None else 401, "Session is not active")
        session.last_command_at = call.now
        return None

    def _list_sessions(self, call: Call) -> object:
        self._require_key(call)
        query = SessionsQuery.model_validate(call.target.query)
        sessions = self._account.active if query.type == "active" else self._account.historic
        first = (query.page - 1) * query.page_size
        page = [self._session_item(session, call.now) for session in sessions[first : first + query.page_size]]
        return {"count": len(sessions), "next": None, "previous": None, "results": page}

    def _get_session(self, call: Call) -> object:
        self._require_key(call)
        session = self._account.sessions.get(call.target.parts["session_id"])
        if session is None:
            raise ApiError(404, "Session not found")
        return self._session_item(session, call.now)

    def _list_avatars(self, _call: Call) -> object:
        avatars = list(PUBLIC_AVATARS.values())
        return {"count": len(avatars), "next": None, "previous": None, "results": avatars}

    def _get_avatar(self, call: Call) -> object:
        self._require_key(call)
        avatar = PUBLIC_AVATARS.get(call.target.parts["avatar_id"])
        if avatar is None:
            raise ApiError(404, "Avatar not found")
        return avatar

    def _get_credits(self, call: Call) -> object:
        self._require_key(call)
        left = round(self._account.credits_left(call.now), 2)
        return {"credits_left": str(left) if self._habits.credits_as_text else left}

    def _require_key(self, call: Call) -> None:
        if not hmac.compare_digest(call.headers.get("x-api-key", "").encode(), self._api_key.encode()):
            raise ApiError(401, "Invalid API key", code=self._habits.wrong_key_code)

    def _bearer(self, call: Call) -> Session | None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        return self._account.by_token(token) if scheme == "Bearer" else None

    def _addressed(self, call: Call, asked: SessionRequest) -> Session:
        """Find the session of a request: the session token's or, with the API key, the one in the body."""
        if (session := self._bearer(call)) is not None:
            return session
        self._require_key(call)
        session = self._account.sessions.get(asked.session_id or "")
        if session is None:
            raise ApiError(404, "Session not found")
        return session

    def _check_avatar(self, asked: TokenRequest) -> None:
        avatar = PUBLIC_AVATARS.get(asked.avatar_id)
        if asked.is_sandbox and asked.avatar_id != WAYNE_ID and self._habits.sandbox_refuses_avatars:
            self._refuse("avatar_id", "This avatar is not supported in sandbox mode", asked.avatar_id)
        if avatar is None and not asked.is_sandbox:
            # These words are ours: "Context not found" was seen for a context.
            self._refuse("avatar_id", "Avatar not found", asked.avatar_id)
        if avatar is not None and avatar["is_expired"] and self._habits.refuses_expired_avatars:
            self._refuse("avatar_id", "Avatar is expired", asked.avatar_id)

    def _check_duration(self, asked: TokenRequest) -> None:
        longest, wanted = self._longest(asked), asked.max_session_duration
        if wanted is not None and wanted > longest:
            reason = f"max_session_duration ({wanted}s) exceeds the maximum allowed ({longest}s)"
            self._refuse("max_session_duration", reason, wanted)

    def _check_quality(self, asked: TokenRequest) -> None:
        if asked.quality == "very_high" and not self._habits.allows_very_high:
            # These words are ours: a refusal was seen, but its words were not recorded.
            self._refuse("video_settings", "Video quality very_high is not available on your plan", "very_high")

    def _check_room(self, asked: TokenRequest) -> None:
        config = asked.livekit_config
        if config is None and not self._hosts_rooms:
            raise ApiError(400, "This stand-in has no LiveKit server of its own: livekit_config is required")
        if config is None or self._habits.checks_grants != "token":
            return
        if (reason := _refused_grant(config.livekit_client_token)) is not None:
            raise ApiError(422, f"Bad LiveKit configuration. {reason}")

    def _refuse(self, field: str, reason: str, value: object) -> NoReturn:
        raise refused_token(field, reason, value, in_data=self._habits.reasons_in_data)

    def _longest(self, asked: TokenRequest) -> int:
        return self._habits.sandbox_max_duration if asked.is_sandbox else self._habits.max_duration

    def _session_item(self, session: Session, now: float) -> dict[str, object]:
        instants = (session.created_at, session.started_at, session.ended_at)
        item: dict[str, object] = {
            "id": session.id,
            "created_at": self._lives.date(session.created_at),
            "updated_at": self._lives.date(max(at for at in instants if at is not None)),
            "duration": session.billed_seconds(now),
            "source": "API",
            "mode": session.request.mode,
            "is_sandbox": session.request.is_sandbox,
            "credits_consumed": self._account.price(session, now),
        }
        if session.ended_at is not None:
            item |= {"end_at": self._lives.date(session.ended_at), "end_reason": session.end_reason}
        return item


def _refused_grant(token: str) -> str | None:
    """Return the refusal of a room token that lacks a grant; None if it has all."""
    room_token = read_room_token(token)
    if room_token is None:
        return "Input Livekit token is not a valid token."  # our words
    if room_token.missing:
        return f"Input Livekit token needs to grant {room_token.missing[0]} permission."
    return None

"""The service's REST interface: make, start, stop and look up sessions.

Shapes as in the LiveAvatar API reference. Optional fields of a reply may be missing; unknown ones are ignored. Numbers
in brackets are field observations.
"""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from avatar.core.refusal import Refusal
from avatar.errors import AvatarError, ServiceError
from avatar.recording import Recorder
from avatar.rest import Credential, RestClient
from avatar.token_request import PlanLimits, Room, TokenRequest, VideoQuality

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from avatar.sessions.port import Journal

__all__ = [
    "DEFAULT_API_URL",
    "SANDBOX_AVATAR_ID",
    "START_TIMEOUT_S",
    "ActiveSession",
    "Avatar",
    "LiveAvatarAPI",
    "Room",
    "SessionToken",
    "StartedSession",
    "VideoQuality",
]

logger = logging.getLogger("avatar")

DEFAULT_API_URL = "https://api.liveavatar.com"

# Wayne, the one avatar of sandbox sessions ("Sandbox mode").
SANDBOX_AVATAR_ID = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a"

# Length of a sandbox session, whatever duration was requested (59.2 s in observation 70).
SANDBOX_SECONDS = 59.0

# On bad days a start takes 6 to 30 s and still succeeds (3). A shorter timeout would leave an unused session running.
START_TIMEOUT_S = 30.0

_NO_LONGER_THERE = frozenset({404, 410})
# Matches the refusal to stop a session that is not running. The service's exact words are not recorded (12).
_NOT_RUNNING = re.compile(r"already|ended|closed|not (found|active|running)", re.IGNORECASE)

# How often a token request is amended: once for each limit of the plan that may be lower than requested.
_AMENDMENTS = 2

_PAGE = 100
_PAGES = 20


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A session that was created but not started: nothing is billed yet (8).

    Attributes:
        session_id: The service's id of the session.
        token: Starts the session.
        room: Name of the LiveKit room that the avatar is to join; empty if the service opens one.
        max_session_duration: Seconds granted; None for the plan's limit.
        video_quality: Quality granted; None for the service's default.
    """

    session_id: str
    token: str = field(repr=False)
    room: str = ""
    max_session_duration: int | None = None
    video_quality: VideoQuality | None = None


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session that runs, and is billed by the minute until it is stopped.

    Attributes:
        session_id: The service's id of the session.
        ws_url: WebSocket URL that speech is sent to. It is a credential: its holder can speak through the avatar.
        max_duration: Seconds after which the service ends the session: the service's figure, else the requested one;
            None if neither is known.
        livekit_url: LiveKit server of the room, if the service opened one.
        client_token: The caller's token for that room.
        agent_token: The agent's token for that room.
    """

    session_id: str
    ws_url: str = field(repr=False)
    max_duration: float | None
    livekit_url: str | None = None
    client_token: str | None = field(default=None, repr=False)
    agent_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A running session of the account, started by this client or by another one.

    Attributes:
        session_id: The service's id of the session.
        duration: Seconds for which it has run, if the service says so.
    """

    session_id: str
    duration: float | None


@dataclass(frozen=True, slots=True)
class Avatar:
    """An avatar as the service describes it.

    Attributes:
        name: Its name.
        status: `ACTIVE` if it can be used; empty if the service does not say.
        is_expired: Old avatars expire, and are refused (74).
    """

    name: str
    status: str = ""
    is_expired: bool = False


class LiveAvatarAPI:
    """A client of the REST interface.

    It learns the plan's limits from refusals: a session length or video quality above the plan is requested once, and
    afterwards replaced by what the plan allows.

    Args:
        http: The HTTP session to use. The caller closes it.
        api_key: LiveAvatar API key.
        api_url: The service's address, with or without `/v1/sessions`.
        timeout: Seconds for one call, except the two that create and start a session: see `START_TIMEOUT_S`.
        attempts: Attempts for a call that may be repeated.
        journal: Notes each session before it is started, and when it is stopped; None notes nothing.
        recorder: Records every call; None records nothing.
    """

    def __init__(
        self,
        http: "aiohttp.ClientSession",
        *,
        api_key: str,
        api_url: str = DEFAULT_API_URL,
        timeout: float = 10.0,
        attempts: int = 3,
        journal: "Journal | None" = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._key = Credential("key", api_key)
        self._url = api_url.rstrip("/").removesuffix("/sessions").removesuffix("/v1")
        self._timeout = timeout
        self._rest = RestClient(http, self._url, timeout=timeout, attempts=attempts, recorder=recorder or Recorder())
        self._journal = journal
        self._limits: dict[tuple[str, bool], PlanLimits] = {}

    @property
    def url(self) -> str:
        """The service's address, without a path of the interface."""
        return self._url

    async def create_token(
        self,
        *,
        avatar_id: str,
        room: Room | None = None,
        is_sandbox: bool = False,
        video_quality: VideoQuality | None = None,
        max_session_duration: int | None = None,
    ) -> SessionToken:
        """Create a session. Nothing is billed before `start`.

        If the plan refuses the duration, or refuses `very_high` because it has no 1080p, the request is repeated with
        what the plan allows; `SessionToken` says what was granted.

        Args:
            avatar_id: Id of the avatar at the service.
            room: Your LiveKit room; None for one that the service opens.
            is_sandbox: Free of charge, one minute at most, only with `SANDBOX_AVATAR_ID`.
            video_quality: None for the service's default, `high`.
            max_session_duration: Seconds; None for the plan's limit.

        Raises:
            AuthError: The key was refused.
            CapacityError: No concurrency or credits are left.
            AvatarError: Anything else that went wrong.
        """
        asked = TokenRequest(avatar_id, room, is_sandbox, video_quality, max_session_duration)
        for _ in range(_AMENDMENTS):
            try:
                return await self._create_token(self._fitting(asked))
            except ServiceError as error:
                if not self._learn(asked, error):
                    raise
        return await self._create_token(self._fitting(asked))

    async def start(self, token: SessionToken, *, timeout: float = START_TIMEOUT_S) -> StartedSession:  # noqa: ASYNC109 - the HTTP call's own limit; its answer may come later
        """Start a session; from now on it is billed.

        Call it once: a call that failed half-way may have started the session, so stop the session after an error. Do
        not cancel the call after a shorter limit of your own: let it finish, and stop the session that it returns.

        Args:
            token: The result of `create_token`.
            timeout: Seconds to wait for the answer.

        Raises:
            JournalError: The journal can't be written. Nothing was started: after a crash no process would know of
                the session.
            ServiceTimeout: No answer came. The session may have started, or may still start.
            AvatarError: As `create_token`.
        """
        if self._journal is not None:
            await asyncio.to_thread(self._journal.add, token.session_id, api_url=self.url, room=token.room)
        credential = Credential("token", token.token)
        reply = await self._rest.call("POST", "/v1/sessions/start", credential, body={}, attempts=1, timeout=timeout)
        told = reply.number("max_session_duration")
        duration = told if told and told > 0 else token.max_session_duration
        await self._note(lambda journal: journal.mark_started(token.session_id, duration))
        return StartedSession(
            token.session_id,
            reply.text("ws_url"),
            duration,
            livekit_url=reply.text_or_none("livekit_url"),
            client_token=reply.text_or_none("livekit_client_token"),
            agent_token=reply.text_or_none("livekit_agent_token"),
        )

    async def stop(self, session_id: str, reason: str = "USER_CLOSED") -> None:
        """Stop a session. A session that is already over counts as stopped (12).

        Raises:
            AvatarError: As `create_token`.
        """
        await self._note(lambda journal: journal.mark_stopping(session_id))
        try:
            await self._rest.call(
                "POST", "/v1/sessions/stop", self._key, body={"session_id": session_id, "reason": reason}
            )
        except ServiceError as error:
            if not _is_over(error):
                raise
        await self._note(lambda journal: journal.mark_stopped(session_id))

    async def keep_alive(self, session_id: str) -> None:
        """Restart a session's idle time, as `session.keep_alive` on the WebSocket does (10).

        Raises:
            ServiceError: With status 400 the session is over (11).
            AvatarError: As `create_token`.
        """
        await self._rest.call("POST", "/v1/sessions/keep-alive", self._key, body={"session_id": session_id})

    async def active_sessions(self) -> list[ActiveSession]:
        """List the account's running sessions, started on this machine or elsewhere; at most the newest 2000.

        Raises:
            AvatarError: As `create_token`.
        """
        sessions: list[ActiveSession] = []
        for page in range(1, _PAGES + 1):
            path = f"/v1/sessions?type=active&page={page}&page_size={_PAGE}"
            reply = await self._rest.call("GET", path, self._key)
            sessions += [ActiveSession(item.text("id"), item.number("duration")) for item in reply.items("results")]
            if not reply.fields.get("next"):
                break
        return sessions

    async def credits_left(self) -> float:
        """Ask for the account's credits; a LITE session uses one a minute, pro rata (66).

        Raises:
            AvatarError: As `create_token`.
        """
        reply = await self._rest.call("GET", "/v1/users/credits", self._key)
        return reply.decimal("credits_left")

    async def avatar(self, avatar_id: str) -> Avatar:
        """Look up an avatar.

        Raises:
            ServiceError: With status 404 there is no such avatar.
            AvatarError: As `create_token`.
        """
        reply = await self._rest.call("GET", f"/v1/avatars/{avatar_id}", self._key)
        return Avatar(
            reply.text("name"), reply.text_or_none("status") or "", is_expired=reply.fields.get("is_expired") is True
        )

    def _fitting(self, asked: TokenRequest) -> TokenRequest:
        return self._limits.get(_account(asked), PlanLimits()).fit(asked)

    def _learn(self, asked: TokenRequest, error: ServiceError) -> bool:
        """Remember what a refusal says about the plan; return False if it says nothing."""
        known = self._limits.get(_account(asked), PlanLimits())
        learned = known.learn(known.fit(asked), error.body)
        if learned is None:
            return False
        self._limits[_account(asked)] = learned
        granted = learned.fit(asked)
        logger.warning(
            "the account's plan allows less than was asked for",
            extra={
                "asked_duration": asked.max_session_duration,
                "granted_duration": granted.max_session_duration,
                "asked_quality": asked.video_quality,
                "granted_quality": granted.video_quality,
            },
        )
        return True

    async def _create_token(self, request: TokenRequest) -> SessionToken:
        limit = max(self._timeout, START_TIMEOUT_S)
        reply = await self._rest.call("POST", "/v1/sessions/token", self._key, body=request.to_body(), timeout=limit)
        return SessionToken(
            reply.text("session_id"),
            reply.text("session_token"),
            "" if request.room is None else request.room.name,
            request.max_session_duration,
            request.video_quality,
        )

    async def _note(self, note: "Callable[[Journal], None]") -> None:
        """Update the journal; a journal that can't be written is logged, and does not fail the call."""
        if self._journal is None:
            return
        try:
            await asyncio.to_thread(note, self._journal)
        except AvatarError as error:
            logger.error("%s", error)  # noqa: TRY400 - a sentence, no traceback


def _account(request: TokenRequest) -> tuple[str, bool]:
    """Return the key of the remembered limits: reports disagree whether 1080p depends on plan or avatar (72)."""
    return request.avatar_id, request.is_sandbox


def _is_over(error: ServiceError) -> bool:
    """Return whether a stop was refused because there is nothing to stop."""
    if error.status_code in _NO_LONGER_THERE:
        return True
    return error.refusal is Refusal.INVALID and _NOT_RUNNING.search(error.body) is not None

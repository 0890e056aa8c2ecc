"""The service's REST interface: make, start and stop sessions; look up what a session needs.

Shapes as in the LiveAvatar API reference. Optional fields of a reply may be missing; unknown ones are ignored.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import stamina

from avatar.errors import AvatarError, ConnectionLost, ServiceError, ServiceTimeout, service_error

if TYPE_CHECKING:
    from avatar.journal import SessionJournal

logger = logging.getLogger("avatar")

DEFAULT_API_URL = "https://api.liveavatar.com"
SANDBOX_AVATAR_ID = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a"
# Wayne, the one avatar of sandbox sessions ("Sandbox mode").

VideoQuality = Literal["very_high", "high", "medium", "low"]
"""1080p, 720p, 480p, 360p ("Configuration")."""

_NO_LONGER_THERE = 404
_BAD_REQUEST = 400
_NOT_RUNNING = re.compile(r"already|ended|closed|not (found|active|running)", re.IGNORECASE)
# What a 400 says of a session that can't be stopped because it does not run; the reference tells no words for it.

_SHORTEST_SECRET = 7
# Characters; "Bearer" is none.

_LONGEST_WAIT = 10.0
# Seconds before a call is repeated, whatever the service asks for: somebody waits for the answer.

_PAGE = 100
_PAGES = 20


@dataclass(frozen=True, slots=True)
class Room:
    """The LiveKit room that the avatar joins, with a token minted for it."""

    url: str
    name: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A session that was made and not started: nothing is billed yet."""

    session_id: str
    token: str = field(repr=False)
    room: str = ""
    """Name of the LiveKit room that the avatar is to join."""


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A session that runs, and is billed by the minute until it is stopped."""

    session_id: str
    ws_url: str = field(repr=False)
    """Whoever has it can speak through the avatar: it is the credential."""
    max_duration: float | None
    """Seconds after which the service ends it; it need not say so."""
    livekit_url: str | None = None
    """Of the room that the service has opened, where it has; with tokens for the caller and the agent."""
    client_token: str | None = field(default=None, repr=False)
    agent_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A session of the account that the service says is running, whoever started it."""

    session_id: str
    duration: float | None
    """Seconds that it has run."""


class LiveAvatarAPI:
    """A client of the REST interface.

    Args:
        http: The HTTP session that is used; it stays the caller's.
        api_key: Of LiveAvatar.
        api_url: The service's address, with or without `/v1/sessions`.
        timeout: Seconds for one call.
        attempts: How often a call is made that may be repeated.
        journal: Is told of each session before it is started, and when it is stopped; by default nobody is.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        *,
        api_key: str,
        api_url: str = DEFAULT_API_URL,
        timeout: float = 10.0,
        attempts: int = 3,
        journal: "SessionJournal | None" = None,
    ) -> None:
        self._http = http
        self._api_key = api_key
        self._root = api_url.rstrip("/").removesuffix("/sessions").removesuffix("/v1")
        self._timeout = timeout
        self._attempts = max(1, attempts)
        self._journal = journal

    @property
    def url(self) -> str:
        """The service's address, without a path of the interface."""
        return self._root

    async def create_token(
        self,
        *,
        avatar_id: str,
        room: Room | None = None,
        is_sandbox: bool = False,
        video_quality: VideoQuality | None = None,
        max_session_duration: int | None = None,
    ) -> SessionToken:
        """Make a session. Nothing is billed before `start`.

        Args:
            avatar_id: Which avatar.
            room: Your LiveKit room; without it the service makes one.
            is_sandbox: Free of charge, one minute at most.
            video_quality: The service's default is `high`.
            max_session_duration: Seconds; the service's default is the account's limit.

        Raises:
            AuthError: The key was refused.
            CapacityError: No concurrency or credits are left.
            AvatarError: Anything else that went wrong.
        """
        body: dict[str, object] = {"mode": "LITE", "avatar_id": avatar_id, "is_sandbox": is_sandbox}
        if room is not None:
            body["livekit_config"] = {
                "livekit_url": room.url,
                "livekit_room": room.name,
                "livekit_client_token": room.token,
            }
        if video_quality is not None:
            body["video_settings"] = {"quality": video_quality, "encoding": "H264"}
        if max_session_duration is not None:
            body["max_session_duration"] = max_session_duration
        data = await self._call("POST", "/v1/sessions/token", headers=self._key(), body=body)
        return SessionToken(data.text("session_id"), data.text("session_token"), room.name if room is not None else "")

    async def start(self, token: SessionToken) -> StartedSession:
        """Start a session; from now on it is billed.

        It is called once: a call that failed half-way may have started it, so whoever gets an error stops it.

        Raises:
            JournalError: The journal can't be written, so nothing was started: nobody could stop it after a crash.
            AvatarError: As `create_token`.
        """
        headers = {"Authorization": f"Bearer {token.token}"}
        if self._journal is not None:
            await asyncio.to_thread(self._journal.add, token.session_id, api_url=self.url, room=token.room)
        data = await self._call("POST", "/v1/sessions/start", headers=headers, body={}, attempts=1)
        duration = data.number("max_session_duration")
        duration = duration if duration and duration > 0 else None
        await self._note(lambda journal: journal.mark_started(token.session_id, duration))
        return StartedSession(
            token.session_id,
            data.text("ws_url"),
            duration,
            livekit_url=data.text_or_none("livekit_url"),
            client_token=data.text_or_none("livekit_client_token"),
            agent_token=data.text_or_none("livekit_agent_token"),
        )

    async def stop(self, session_id: str, reason: str = "USER_CLOSED") -> None:
        """Stop a session. One that is over already counts as stopped.

        Raises:
            AvatarError: As `create_token`.
        """
        body = {"session_id": session_id, "reason": reason}
        await self._note(lambda journal: journal.mark_stopping(session_id))
        try:
            await self._call("POST", "/v1/sessions/stop", headers=self._key(), body=body)
        except ServiceError as error:
            if not _is_over(error):
                raise
        await self._note(lambda journal: journal.mark_stopped(session_id))

    async def active_sessions(self) -> list[ActiveSession]:
        """The account's sessions that run, on this machine or elsewhere; the newest 2000.

        Raises:
            AvatarError: As `create_token`.
        """
        sessions: list[ActiveSession] = []
        for page in range(1, _PAGES + 1):
            path = f"/v1/sessions?type=active&page={page}&page_size={_PAGE}"
            data = await self._call("GET", path, headers=self._key())
            sessions += [ActiveSession(item.text("id"), item.number("duration")) for item in data.items("results")]
            if not data.fields.get("next"):
                break
        return sessions

    async def credits_left(self) -> float:
        """Credits of the account; a LITE session uses one a minute.

        Raises:
            AvatarError: As `create_token`.
        """
        data = await self._call("GET", "/v1/users/credits", headers=self._key())
        return float(data.text("credits_left"))

    async def avatar_name(self, avatar_id: str) -> str:
        """The name of an avatar; a `ServiceError` with status 404 if there is none.

        Raises:
            AvatarError: As `create_token`.
        """
        data = await self._call("GET", f"/v1/avatars/{avatar_id}", headers=self._key())
        return data.text("name")

    async def _note(self, note: "Callable[[SessionJournal], None]") -> None:
        """Tell the journal what has happened; it has happened, whether or not that can be written."""
        if self._journal is None:
            return
        try:
            await asyncio.to_thread(note, self._journal)
        except AvatarError as error:
            logger.error("%s", error)  # noqa: TRY400 - a sentence, no traceback

    def _key(self) -> dict[str, str]:
        return {"X-API-KEY": self._api_key}

    async def _call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: object = None,
        attempts: int | None = None,
    ) -> "_Data":
        retries = stamina.retry_context(on=_wait_before_retry, attempts=attempts or self._attempts, wait_initial=0.3)
        async for attempt in retries:
            with attempt:
                return await self._call_once(method, path, headers, body)
        raise AssertionError  # the last attempt returns or raises

    async def _call_once(self, method: str, path: str, headers: Mapping[str, str], body: object) -> "_Data":
        call = f"{method} {path}"
        try:
            async with self._http.request(
                method,
                self._root + path,
                headers=headers,
                json=body,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
            ) as response:
                return _read(call, response.status, response.headers, await response.read(), secrets=headers.values())
        except TimeoutError as error:
            message = f"{call} was not answered within {self._timeout:.0f} s"
            raise ServiceTimeout(message) from error
        except (aiohttp.ClientError, asyncio.IncompleteReadError) as error:
            message = f"{call} failed: {type(error).__name__} - is {self._root} reachable from here?"
            raise ConnectionLost(message) from error


@dataclass(frozen=True, slots=True)
class _Data:
    """The `data` of a reply's envelope."""

    call: str
    status: int
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field that has to be there."""
        value = self.text_or_none(name)
        if value is None:
            raise ServiceError(self.call, status_code=self.status, body=f"the reply has no {name}")
        return value

    def text_or_none(self, name: str) -> str | None:
        """A field that may be missing; an empty one is."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else None

    def number(self, name: str) -> float | None:
        """A field that may be missing."""
        value = self.fields.get(name)
        return float(value) if isinstance(value, int | float) else None

    def items(self, name: str) -> "list[_Data]":
        """The objects of a list; what is none is left out."""
        value = self.fields.get(name)
        rows = value if isinstance(value, list) else []
        return [_Data(self.call, self.status, row) for row in rows if isinstance(row, dict)]


def _read(call: str, status: int, headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str]) -> _Data:
    envelope = _json_object(body)
    if status >= 400:  # noqa: PLR2004 - HTTP's own number
        code = envelope.get("code")
        raise service_error(
            call,
            status_code=status,
            code=code if isinstance(code, int) else None,
            body=_without(secrets, _words(envelope) if envelope else body.decode("utf-8", "replace")),
            retry_after=_seconds(headers.get("Retry-After")),
        )
    data = envelope.get("data")
    return _Data(call, status, data if isinstance(data, dict) else {})


def _without(secrets: Iterable[str], text: str) -> str:
    """What a service says about a key, without the key."""
    for secret in secrets:
        for part in secret.split():
            text = text.replace(part, "***") if len(part) > _SHORTEST_SECRET else text
    return text


def _is_over(error: ServiceError) -> bool:
    """Whether a stop was refused because there is nothing to stop."""
    if error.status_code == _NO_LONGER_THERE:
        return True
    return error.status_code == _BAD_REQUEST and _NOT_RUNNING.search(error.body) is not None


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _words(envelope: Mapping[str, Any]) -> str:
    """What an error reply says: a message, or the first entry of a validation error's list."""
    message, detail = envelope.get("message"), envelope.get("detail")
    if isinstance(message, str):
        return message
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return f"{'.'.join(map(str, detail[0].get('loc', [])))}: {detail[0].get('msg', '')}"
    return detail if isinstance(detail, str) else ""


def _seconds(value: str | None) -> float | None:
    return float(value) if value and value.replace(".", "", 1).isdigit() else None


def _wait_before_retry(error: Exception) -> bool | float:
    """Whether to repeat a call, or after how many seconds."""
    if not isinstance(error, AvatarError) or not error.retryable:
        return False
    retry_after = getattr(error, "retry_after", None)
    return True if retry_after is None else min(float(retry_after), _LONGEST_WAIT)

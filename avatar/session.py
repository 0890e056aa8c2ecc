"""The drop-in for the framework's avatar plugins: a LiveAvatar session as the face of an agent session."""

import asyncio
import contextlib
import logging
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    AgentSession,
    APIConnectOptions,
    NotGivenOr,
    UserStateChangedEvent,
    get_job_context,
)
from livekit.agents.voice.avatar import AvatarSession as BaseAvatarSession

from avatar.api import DEFAULT_API_URL, LiveAvatarAPI, VideoQuality
from avatar.audience import Audience, FreeAudience, OwnAudience
from avatar.errors import AvatarError, ConfigurationError
from avatar.hosted import AVATAR_IDENTITY, HostedRoom, HostedSessions
from avatar.performance import Performance
from avatar.recovery import AvatarStatus
from avatar.service_session import Appearance, RoomAccess, ServiceSession, ServiceSessions, Sessions
from avatar.transcription import SyncedTranscription

if TYPE_CHECKING:
    from avatar.journal import SessionJournal

logger = logging.getLogger("avatar")

_IDENTITY = "liveavatar-avatar-agent"
_NAME = "Avatar"


class AvatarSession(BaseAvatarSession[Literal["avatar_lost", "speech_sent", "status_changed"]]):
    """A LiveAvatar LITE session that speaks for an agent session and shows its face in the room.

    It takes the place of `livekit.plugins.liveavatar.AvatarSession`. Works inside a job and outside of one; outside,
    call `aclose` yourself. While there is no avatar, what is said is said by a voice: a track that the agent publishes.

    Emits `status_changed` with an `AvatarStatus` whenever the avatar comes or goes, and `avatar_lost` with an
    `AvatarError` when it is gone for good; the agent session goes on without it. Emits `speech_sent`, with nothing,
    when the first chunk of a segment leaves for the avatar, or is given to the voice.

    Args:
        avatar_id: Which avatar; default LIVEAVATAR_AVATAR_ID.
        api_url: The service, with or without `/v1/sessions`; default LIVEAVATAR_API_URL, else the real one.
        api_key: Default LIVEAVATAR_API_KEY.
        is_sandbox: Free of charge, for about a minute, and only with the sandbox avatar.
        video_quality: `very_high`, `high`, `medium` or `low`; the service's default is `high`.
        avatar_participant_identity: The avatar's identity in the room; a later session's has a number behind it.
        avatar_participant_name: Its name in the room.
        max_session_duration: Seconds after which the service ends the session; its default is the account's limit.
        conn_options: `timeout` is for one call of the REST interface, `max_retry` how often it is repeated.
        required: Whether `start` waits for the service, and raises if it gives no session. Otherwise it returns at
            once; until there is an avatar, and when there is none, the voice speaks.
        caption_delay: Seconds from the avatar's mouth, as the service tells of it, to the caller's ear; default: as
            measured on the avatar's own track, if the room is subscribed to it. For `sync_transcription`.
        journal: Where sessions are noted, so that somebody can stop them when this process is killed.
    """

    def __init__(
        self,
        *,
        avatar_id: NotGivenOr[str] = NOT_GIVEN,
        api_url: NotGivenOr[str] = NOT_GIVEN,
        api_key: NotGivenOr[str] = NOT_GIVEN,
        is_sandbox: NotGivenOr[bool] = NOT_GIVEN,
        video_quality: NotGivenOr[VideoQuality] = NOT_GIVEN,
        avatar_participant_identity: NotGivenOr[str] = NOT_GIVEN,
        avatar_participant_name: NotGivenOr[str] = NOT_GIVEN,
        max_session_duration: int | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        required: bool = True,
        caption_delay: float | None = None,
        journal: "SessionJournal | None" = None,
    ) -> None:
        super().__init__()
        self._appearance = Appearance(
            avatar_id=avatar_id or os.environ.get("LIVEAVATAR_AVATAR_ID", ""),
            identity=avatar_participant_identity or _IDENTITY,
            name=avatar_participant_name or _NAME,
            is_sandbox=bool(is_sandbox),
            video_quality=video_quality or None,
            max_session_duration=max_session_duration,
        )
        self._api_url = api_url or os.environ.get("LIVEAVATAR_API_URL") or DEFAULT_API_URL
        self._api_key = api_key or os.environ.get("LIVEAVATAR_API_KEY", "")
        self._conn_options = conn_options
        self._required = required
        self._caption_delay = caption_delay
        self._journal = journal
        self._status = AvatarStatus(is_live=False)
        self._http: aiohttp.ClientSession | None = None
        self._sessions: Sessions | None = None
        self._is_hosted = False
        self._performance: Performance | None = None
        self._transcription: SyncedTranscription | None = None
        self._carrying: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def avatar_identity(self) -> str:
        """The avatar's identity in the room."""
        session = self._session
        return self._appearance.identity if session is None else session.identity

    @property
    def provider(self) -> str:
        """The provider, for the framework's metrics."""
        return "liveavatar"

    @property
    def session_id(self) -> str | None:
        """The service's id of the session that runs now, if one does."""
        return None if self._session is None else self._session.session_id

    @property
    def status(self) -> AvatarStatus:
        """Whether there is an avatar, and why not."""
        return self._status

    @property
    def is_live(self) -> bool:
        """Whether there is an avatar that speaks."""
        return self._status.is_live

    @property
    def seconds_used(self) -> float:
        """Seconds for which sessions of the service have run, which is what is paid for."""
        return 0.0 if self._sessions is None else self._sessions.seconds_used

    @property
    def sessions_used(self) -> int:
        """Sessions of the service that were made."""
        return 0 if self._sessions is None else self._sessions.count

    async def start(
        self,
        agent_session: AgentSession[Any],
        room: rtc.Room,
        *,
        livekit_url: NotGivenOr[str] = NOT_GIVEN,
        livekit_api_key: NotGivenOr[str] = NOT_GIVEN,
        livekit_api_secret: NotGivenOr[str] = NOT_GIVEN,
    ) -> None:
        """Start the session, and let the avatar speak for `agent_session`.

        Returns when the service has started it; what is said before the avatar is ready waits for it. If it raises,
        no session is left running and the agent's audio output is what it was.

        Args:
            agent_session: Whose audio output is replaced.
            room: The room that the avatar joins.
            livekit_url: The room's server as the service reaches it; default LIVEKIT_URL.
            livekit_api_key: Default LIVEKIT_API_KEY.
            livekit_api_secret: Default LIVEKIT_API_SECRET.

        Raises:
            ConfigurationError: A setting is missing.
            AvatarError: The service did not start the session, and it is required.
        """
        access = self._access(room, livekit_url, livekit_api_key, livekit_api_secret)
        # The service may need another address than we do.
        own_url = os.environ.get("LIVEKIT_URL") or access.url
        audience = OwnAudience(room, own_url, access.api_key, access.api_secret)
        sessions = ServiceSessions(self._api(), access, self._appearance, asyncio.get_running_loop().time)
        await self._start(agent_session, room, sessions, audience)

    async def start_hosted(self, agent_session: AgentSession[Any], room: rtc.Room, hosted: HostedRoom) -> None:
        """Let the avatar speak that came with a room of the service's (`avatar.open_hosted_room`): its session runs.

        No LiveKit keys are needed. There is no other avatar for this room: without it the call goes on by voice, as
        long as the room is there. `aclose` ends the session, and the room with it.

        Args:
            agent_session: Whose audio output is replaced.
            room: Joined, or to be joined, with the agent's token.
            hosted: What was opened.

        Raises:
            ConfigurationError: LIVEAVATAR_API_KEY is missing.
        """
        _need(LIVEAVATAR_API_KEY=self._api_key)
        self._is_hosted = True
        self._appearance = replace(self._appearance, identity=AVATAR_IDENTITY)
        sessions = HostedSessions(self._api(), hosted, asyncio.get_running_loop().time)
        await self._start(agent_session, room, sessions, FreeAudience())

    def release(self, reason: str) -> None:
        """Let go of the avatar: its session is stopped, and what is said is said by the voice, until `engage`.

        In a hosted room nothing happens: the room would end with the session.
        """
        if self._performance is not None and not self._is_hosted:
            self._performance.recovery.release(reason)

    def engage(self) -> None:
        """Take up again, in the background, an avatar that was let go of."""
        if self._performance is not None:
            self._performance.recovery.engage()

    def sync_transcription(self) -> None:
        """Let the transcription follow what the avatar has played. Call it once, after `agent_session.start`.

        It takes the place of the framework's synchronizer, which goes by the clock on the wall: start the agent
        session with `RoomOptions(text_output=TextOutputOptions(sync_transcription=False))`.

        Raises:
            ConfigurationError: The framework's own is at work.
        """
        if self._agent_session is None or self._performance is None or self._room is None:
            return
        output = self._agent_session.output
        if output.transcription is None:
            return
        self._transcription = SyncedTranscription(
            output,
            output.transcription,
            self._performance.output,
            self._room,
            self.avatar_identity,
            delay=self._caption_delay,
        )

    async def aclose(self) -> None:
        """Stop the session, and leave the room. It may be called often; the clean-up is done once, and to its end."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="avatar_close")
        await asyncio.shield(self._closing)

    # Starting

    async def _start(
        self, agent_session: AgentSession[Any], room: rtc.Room, sessions: Sessions, audience: Audience
    ) -> None:
        if self._sessions is not None:
            message = "this avatar session was started before: make another one"
            raise ConfigurationError(message)
        self._sessions = sessions
        try:
            await super().start(agent_session, room)
            first = await sessions.start() if self._required else None
        except BaseException as error:
            was_closed = self._closing is not None
            await self.aclose()
            if was_closed and isinstance(error, Exception):
                raise _closed_too_soon() from error
            raise
        if self._closing is not None:
            raise _closed_too_soon()
        self._performance = Performance(
            sessions,
            room=room,
            audience=audience,
            http=self._http_session,
            first=first,
            on_status=self._on_status,
            on_sent=partial(self._tell, "speech_sent"),
        )
        self._speak_for(agent_session, self._performance)

    def _access(
        self, room: rtc.Room, url: NotGivenOr[str], key: NotGivenOr[str], secret: NotGivenOr[str]
    ) -> RoomAccess:
        """What the service needs to bring an avatar into a room of ours."""
        url = url or os.environ.get("LIVEKIT_URL", "")
        key = key or os.environ.get("LIVEKIT_API_KEY", "")
        secret = secret or os.environ.get("LIVEKIT_API_SECRET", "")
        _need(
            LIVEAVATAR_API_KEY=self._api_key,
            LIVEAVATAR_AVATAR_ID=self._appearance.avatar_id,
            LIVEKIT_URL=url,
            LIVEKIT_API_KEY=key,
            LIVEKIT_API_SECRET=secret,
        )
        return RoomAccess(url, room.name, _local_identity(room), key, secret)

    def _api(self) -> LiveAvatarAPI:
        return LiveAvatarAPI(
            self._http_session,
            api_key=self._api_key,
            api_url=self._api_url,
            timeout=self._conn_options.timeout,
            attempts=self._conn_options.max_retry + 1,
            journal=self._journal,
        )

    @property
    def _http_session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    def _speak_for(self, agent_session: AgentSession[Any], performance: Performance) -> None:
        agent_session.output.replace_audio_tail(performance.output)
        agent_session.on("user_state_changed", self._on_user_state_changed)
        agent_session.on("close", self._on_agent_session_close)
        self._carrying = asyncio.create_task(self._carry(performance), name="avatar_carry")

    # While it runs

    @property
    def _session(self) -> ServiceSession | None:
        return None if self._performance is None else self._performance.recovery.session

    async def _carry(self, performance: Performance) -> None:
        lost = await performance.run()
        self._on_status(AvatarStatus(is_live=False, reason=str(lost)))
        self._tell("avatar_lost", lost)

    def _on_status(self, status: AvatarStatus) -> None:
        if status != self._status:
            self._status = status
            self._tell("status_changed", status)

    def _tell(self, event: Literal["avatar_lost", "speech_sent", "status_changed"], *args: object) -> None:
        try:
            self.emit(event, *args)
        except Exception:
            # Whatever a handler does: the call goes on.
            logger.exception("a handler of %s failed", event)

    def _on_user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self._performance is None:
            return
        playback = self._performance.playback
        if event.new_state == "speaking":
            playback.act(playback.core.start_listening)
        elif event.old_state == "speaking":
            playback.act(playback.core.stop_listening)

    # Ending

    def _on_agent_session_close(self, _: object) -> None:
        """The framework calls `aclose` only after it has left the room; billing should not wait for that."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="avatar_close")

    async def _close(self) -> None:
        if self._agent_session is not None and self._performance is not None:
            self._agent_session.off("user_state_changed", self._on_user_state_changed)
            self._agent_session.off("close", self._on_agent_session_close)
        if self._carrying is not None:
            self._carrying.cancel()
            await asyncio.gather(self._carrying, return_exceptions=True)
        if self._performance is not None:
            await self._performance.aclose()
        self._status = AvatarStatus(is_live=False, reason="closed")
        if self._transcription is not None:
            await self._transcription.aclose()
        if self._sessions is not None:
            await self._sessions.aclose()
        if self._http is not None:
            await self._http.close()
        if self._is_hosted and self._room is not None:
            # The framework would have the avatar removed by the room's server, whose keys are the service's.
            self._room.off("connection_state_changed", self._on_connection_state_changed)
            self._room = None
        await super().aclose()


def _closed_too_soon() -> AvatarError:
    return AvatarError("the avatar was closed while it was being started")


def _need(**values: str) -> None:
    missing = [name for name, value in values.items() if not value]
    if missing:
        message = f"the avatar needs {', '.join(missing)}: set it in the environment or pass it"
        raise ConfigurationError(message)


def _local_identity(room: rtc.Room) -> str:
    """The identity of the agent in the room, on whose behalf the avatar publishes."""
    with contextlib.suppress(RuntimeError):
        identity = get_job_context().token_claims().identity
        return str(identity)
    if not room.isconnected():
        message = "outside a job, connect the room before the avatar is started"
        raise ConfigurationError(message)
    return room.local_participant.identity

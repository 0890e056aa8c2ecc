"""The drop-in for the framework's avatar plugins: a LiveAvatar session as the face of an agent session."""

import asyncio
import contextlib
import logging
import os
import random
from datetime import timedelta
from typing import Any, Literal

import aiohttp
from livekit import api, rtc
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
from livekit.agents.voice.room_io import ATTRIBUTE_PUBLISH_ON_BEHALF

from avatar.api import DEFAULT_API_URL, LiveAvatarAPI, Room, SessionToken, VideoQuality
from avatar.audio_output import AvatarAudioOutput
from avatar.backoff import reconnect_delays
from avatar.connection import AvatarConnection
from avatar.core import AvatarProtocol, Connected, Event, ServiceFault, SessionEnded, SpeechLost, Unresponsive
from avatar.errors import AvatarError, ConfigurationError, ConnectionLost

logger = logging.getLogger("avatar")

_IDENTITY = "liveavatar-avatar-agent"
_NAME = "Avatar"

_TOKEN_TTL = timedelta(hours=1)
# For joining; who has joined keeps a token of the server's own.

_STOP_TIMEOUT = 8.0
# Seconds for the stop on the way out: the framework kills a job 10 s after its shutdown callbacks began.

_STABLE_AFTER = 5.0
# Seconds that a connection holds before the next loss counts as the first.


class AvatarSession(BaseAvatarSession[Literal["avatar_lost"]]):
    """A LiveAvatar LITE session that speaks for an agent session and shows its face in the room.

    It takes the place of `livekit.plugins.liveavatar.AvatarSession`. Works inside a job and outside of one; outside,
    call `aclose` yourself.

    Emits `avatar_lost` with an `AvatarError` when the avatar is gone for good; the agent session goes on without it.

    Args:
        avatar_id: Which avatar; default LIVEAVATAR_AVATAR_ID.
        api_url: The service, with or without `/v1/sessions`; default LIVEAVATAR_API_URL, else the real one.
        api_key: Default LIVEAVATAR_API_KEY.
        is_sandbox: Free of charge, for about a minute, and only with the sandbox avatar.
        video_quality: `very_high`, `high`, `medium` or `low`; the service's default is `high`.
        avatar_participant_identity: The avatar's identity in the room.
        avatar_participant_name: Its name in the room.
        max_session_duration: Seconds after which the service ends the session; its default is the account's limit.
        conn_options: `timeout` is for one call of the REST interface, `max_retry` how often it is repeated.
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
    ) -> None:
        super().__init__()
        self._avatar_id = avatar_id or os.environ.get("LIVEAVATAR_AVATAR_ID", "")
        self._api_url = api_url or os.environ.get("LIVEAVATAR_API_URL") or DEFAULT_API_URL
        self._api_key = api_key or os.environ.get("LIVEAVATAR_API_KEY", "")
        self._is_sandbox = bool(is_sandbox)
        self._video_quality: VideoQuality | None = video_quality or None
        self._identity = avatar_participant_identity or _IDENTITY
        self._name = avatar_participant_name or _NAME
        self._max_session_duration = max_session_duration
        self._conn_options = conn_options
        self._http: aiohttp.ClientSession | None = None
        self._api: LiveAvatarAPI | None = None
        self._connection: AvatarConnection | None = None
        self._output: AvatarAudioOutput | None = None
        self._token: SessionToken | None = None
        self._stopped = False
        self._carrying: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def avatar_identity(self) -> str:
        """The avatar's identity in the room."""
        return self._identity

    @property
    def provider(self) -> str:
        """The provider, for the framework's metrics."""
        return "liveavatar"

    @property
    def session_id(self) -> str | None:
        """The service's id of the session, once there is one."""
        return None if self._token is None else self._token.session_id

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
            AvatarError: The service did not start the session.
        """
        url = livekit_url or os.environ.get("LIVEKIT_URL", "")
        key = livekit_api_key or os.environ.get("LIVEKIT_API_KEY", "")
        secret = livekit_api_secret or os.environ.get("LIVEKIT_API_SECRET", "")
        self._check(url, key, secret)
        target = Room(url, room.name, self._mint_room_token(key, secret, room))
        await super().start(agent_session, room)
        try:
            ws_url = await self._start_session(target)
        except BaseException:
            await self.aclose()
            raise
        self._speak_for(agent_session, ws_url)

    async def aclose(self) -> None:
        """Stop the session, and leave the room. It may be called often; the clean-up is done once, and to its end."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="avatar_close")
        await asyncio.shield(self._closing)

    # Starting

    def _check(self, url: str, key: str, secret: str) -> None:
        values = {
            "LIVEAVATAR_API_KEY": self._api_key,
            "LIVEAVATAR_AVATAR_ID": self._avatar_id,
            "LIVEKIT_URL": url,
            "LIVEKIT_API_KEY": key,
            "LIVEKIT_API_SECRET": secret,
        }
        missing = [name for name, value in values.items() if not value]
        if missing:
            message = f"the avatar needs {', '.join(missing)}: set it in the environment or pass it"
            raise ConfigurationError(message)

    def _mint_room_token(self, key: str, secret: str, room: rtc.Room) -> str:
        """A token with which the avatar joins this room, publishes, and is shown as the agent's face."""
        grants = api.VideoGrants(room_join=True, room=room.name, can_publish=True, can_publish_data=False)
        return (
            api.AccessToken(key, secret)
            .with_kind("agent")
            .with_identity(self._identity)
            .with_name(self._name)
            .with_ttl(_TOKEN_TTL)
            .with_grants(grants)
            .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: _local_identity(room)})
            .to_jwt()
        )

    async def _start_session(self, target: Room) -> str:
        """Make and start the session.

        Returns:
            Its ws_url.
        """
        self._http = aiohttp.ClientSession()
        self._api = LiveAvatarAPI(
            self._http,
            api_key=self._api_key,
            api_url=self._api_url,
            timeout=self._conn_options.timeout,
            attempts=self._conn_options.max_retry + 1,
        )
        self._token = await self._api.create_token(
            avatar_id=self._avatar_id,
            room=target,
            is_sandbox=self._is_sandbox,
            video_quality=self._video_quality,
            max_session_duration=self._max_session_duration,
        )
        started = await self._api.start(self._token)
        logger.info("avatar session started", extra={"session_id": started.session_id})
        return started.ws_url

    def _speak_for(self, agent_session: AgentSession[Any], ws_url: str) -> None:
        assert self._http is not None  # noqa: S101 - _start_session made it
        core = AvatarProtocol(f"la-{random.getrandbits(32):08x}")
        self._connection = AvatarConnection(core, self._on_event, self._http)
        self._output = AvatarAudioOutput(self._connection)
        agent_session.output.replace_audio_tail(self._output)
        agent_session.on("user_state_changed", self._on_user_state_changed)
        agent_session.on("close", self._on_agent_session_close)
        self._carrying = asyncio.create_task(self._carry(self._connection, ws_url), name="avatar_carry")

    # While it runs

    async def _carry(self, connection: AvatarConnection, ws_url: str) -> None:
        """Keep the session connected; when that can't be done, let go of it."""
        lost = await self._connect_again_and_again(connection, ws_url)
        logger.error("the avatar is gone, the call goes on without it: %s", lost, extra={"session_id": self.session_id})
        connection.aclose()
        await self._stop_session()
        self.emit("avatar_lost", lost)

    async def _connect_again_and_again(self, connection: AvatarConnection, ws_url: str) -> ConnectionLost:
        loop = asyncio.get_running_loop()
        delays = reconnect_delays(iter(random.random, None))
        lost = ConnectionLost("never tried")
        while not lost.session_over and (delay := next(delays, None)) is not None:
            await asyncio.sleep(delay)
            opened_at = loop.time()
            try:
                await connection.run(ws_url)
            except ConnectionLost as error:
                lost = error
                logger.warning("avatar connection lost: %s", error, extra={"session_id": self.session_id})
            if loop.time() - opened_at > _STABLE_AFTER:
                delays = reconnect_delays(iter(random.random, None))
        return lost

    def _on_event(self, event: Event) -> None:
        assert self._output is not None  # noqa: S101 - events come from its connection
        assert self._connection is not None  # noqa: S101 - as above
        session = {"session_id": self.session_id}
        match event:
            case Connected():
                logger.debug("avatar ready", extra=session)
            case Unresponsive(waited=waited):
                self._connection.hang_up(f"the service did not say connected within {waited:.0f} s")
            case SessionEnded(state=state):
                self._connection.hang_up(f"the service ended the session: {state}", session_over=True)
            case SpeechLost():
                logger.warning("the avatar does not speak what it was given", extra=session)
            case ServiceFault(kind=kind, detail=detail):
                logger.warning("the avatar service complains: %s %s", kind, detail, extra=session)
            case _:
                self._output.report(event)

    def _on_user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self._connection is None:
            return
        core = self._connection.core
        if event.new_state == "speaking":
            self._connection.act(core.start_listening)
        elif event.old_state == "speaking":
            self._connection.act(core.stop_listening)

    # Ending

    def _on_agent_session_close(self, _: object) -> None:
        """The framework calls `aclose` only after it has left the room; billing should not wait for that."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="avatar_close")

    async def _close(self) -> None:
        if self._agent_session is not None and self._output is not None:
            self._agent_session.off("user_state_changed", self._on_user_state_changed)
            self._agent_session.off("close", self._on_agent_session_close)
        if self._carrying is not None:
            self._carrying.cancel()
            await asyncio.gather(self._carrying, return_exceptions=True)
        if self._connection is not None:
            self._connection.aclose()
        await self._stop_session()
        if self._http is not None:
            await self._http.close()
        await super().aclose()

    async def _stop_session(self) -> None:
        if self._api is None or self._token is None or self._stopped:
            return
        session = {"session_id": self._token.session_id}
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                await self._api.stop(self._token.session_id)
            self._stopped = True
            logger.info("avatar session stopped", extra=session)
        except (AvatarError, TimeoutError) as error:
            logger.error("avatar session NOT stopped, it is billed until the service ends it: %s", error, extra=session)  # noqa: TRY400 - a sentence, no traceback


def _local_identity(room: rtc.Room) -> str:
    """The identity of the agent in the room, on whose behalf the avatar publishes."""
    with contextlib.suppress(RuntimeError):
        identity = get_job_context().token_claims().identity
        return str(identity)
    if not room.isconnected():
        message = "outside a job, connect the room before the avatar is started"
        raise ConfigurationError(message)
    return room.local_participant.identity

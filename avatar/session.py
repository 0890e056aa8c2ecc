"""The drop-in for the framework's avatar plugins: a LiveAvatar session as the face of an agent session."""

import asyncio
import logging
import os
from dataclasses import replace
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
)
from livekit.agents.voice.avatar import AvatarSession as BaseAvatarSession

from avatar.api import DEFAULT_API_URL, LiveAvatarAPI, VideoQuality
from avatar.arguments import require, room_access
from avatar.audio_output import AvatarAudioOutput
from avatar.captions.transcription import SyncedTranscription
from avatar.closing import interrupt_speech
from avatar.core import AvatarGone, AvatarReason, AvatarRejected, AvatarStatus, Event, Sink, SpeechSent, StatusChanged
from avatar.errors import AvatarError, ConfigurationError
from avatar.http import client_session
from avatar.link.link import AvatarLink
from avatar.link.room import RoomServer
from avatar.link.sessions import SessionSource
from avatar.link.sources import Appearance, HostedSource, OwnRoomSource
from avatar.recording import Recorder
from avatar.sessions.hosted import AVATAR_IDENTITY, HostedRoom

if TYPE_CHECKING:
    from avatar.core.timings import Timings
    from avatar.sessions.port import Journal

logger = logging.getLogger("avatar")

_IDENTITY = "liveavatar-avatar-agent"
_NAME = "Avatar"
_CANNOT_CHANGE = "only an avatar that was started in a room of your own can change"
_CLOSED_TOO_SOON = "the avatar was closed while it was being started"


_Events = Literal["avatar_lost", "avatar_rejected", "core_event", "speech_sent", "status_changed"]


class AvatarSession(BaseAvatarSession[_Events]):
    """A LiveAvatar LITE session that speaks for an agent session and shows its face in the room.

    Takes the place of `livekit.plugins.liveavatar.AvatarSession`. Works inside a job and outside of one; outside, call
    `aclose` yourself. While there is no avatar, the fallback track speaks: an audio track that the agent publishes.

    Emits `status_changed` with an `AvatarStatus` whenever the avatar comes or goes, and `avatar_lost` with an
    `AvatarError` when no avatar can come back; the agent session continues without it. Emits `avatar_rejected` with
    the id when `change_avatar` has failed, `speech_sent` when the first chunk of a segment is sent to a sink, and,
    before those, `core_event` with each event of `avatar.core`. Events are emitted one at a time: a handler may call
    any method here, and the events that this causes are emitted after the handler has returned.

    Args:
        avatar_id: Id of the avatar at the service; default LIVEAVATAR_AVATAR_ID.
        api_url: The service, with or without `/v1/sessions`; default LIVEAVATAR_API_URL, else the real one.
        api_key: Default LIVEAVATAR_API_KEY.
        is_sandbox: Free of charge, for about a minute, and only with the sandbox avatar.
        video_quality: `very_high`, `high`, `medium` or `low`; the service's default is `high`.
        avatar_participant_identity: The avatar's identity in the room; later sessions append a number to it.
        avatar_participant_name: Its name in the room.
        max_session_duration: Seconds after which the service ends the session; its default is the account's limit.
        conn_options: `timeout` is for one call of the REST interface, `max_retry` how often it is repeated. A start has
            a limit of its own, 30 s, since starts that took so long have succeeded.
        required: True if `start` waits for the service, and raises if it gives no session. Otherwise `start` returns at
            once, and the fallback track speaks while there is no avatar.
        caption_delay: Seconds from the playback that the service reports until the caller hears it; default: measured
            on the avatar's own track, at the start of the first three segments. For `sync_transcription`.
        journal: Notes sessions, so that another process can stop them when this one is killed.
        record: Directory for a recording of the call (docs/recording.md); default LIVEAVATAR_RECORD, else none.
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
        journal: "Journal | None" = None,
        record: "str | os.PathLike[str] | None" = None,
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
        self._record = record or os.environ.get("LIVEAVATAR_RECORD")
        self._recorder: Recorder | None = None
        self._timings: Timings | None = None
        self._status = AvatarStatus(is_live=False)
        self._http: aiohttp.ClientSession | None = None
        self._link: AvatarLink | None = None
        self._source: OwnRoomSource | None = None
        self._output: AvatarAudioOutput | None = None
        self._transcription: SyncedTranscription | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def avatar_identity(self) -> str:
        """The avatar's identity in the room."""
        current = None if self._link is None else self._link.machine.current
        return self._appearance.identity if current is None or self._is_hosted else current.identity

    @property
    def provider(self) -> str:
        """The provider, for the framework's metrics."""
        return "liveavatar"

    @property
    def session_id(self) -> str | None:
        """The service's id of the session that runs now, if one does."""
        current = None if self._link is None else self._link.machine.current
        return None if current is None else current.session_id

    @property
    def avatar_id(self) -> str:
        """The id of the wanted avatar: the last one given to `change_avatar` that was not refused, else the first."""
        return self._appearance.avatar_id if self._link is None else self._link.machine.avatar_id

    @property
    def status(self) -> AvatarStatus:
        """The avatar's status: whether there is one, and why not."""
        return self._status

    @property
    def is_live(self) -> bool:
        """True while there is an avatar that speaks."""
        return self._status.is_live

    @property
    def sink(self) -> Sink | None:
        """The sink that plays speech now; None while there is none."""
        return None if self._link is None else self._link.machine.sink

    @property
    def seconds_used(self) -> float:
        """Seconds for which sessions of the service have run, and are billed."""
        link = self._link
        return 0.0 if link is None else sum(each.seconds_used(link.driver.now) for each in link.machine.sessions)

    @property
    def sessions_used(self) -> int:
        """The number of sessions of the service that were started."""
        sessions = [] if self._link is None else self._link.machine.sessions
        return sum(session.started_at is not None for session in sessions)

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

        Returns when the service has started it; speech that comes before the avatar is ready waits for it. If it
        raises, no session is left running and the agent's audio output is unchanged.

        Args:
            agent_session: The agent session, whose audio output is replaced.
            room: The room that the avatar joins.
            livekit_url: The room's server as the service reaches it; default LIVEKIT_URL.
            livekit_api_key: Default LIVEKIT_API_KEY.
            livekit_api_secret: Default LIVEKIT_API_SECRET.

        Raises:
            ConfigurationError: A setting is missing.
            AvatarError: The service did not start the session, and `required` is set.
        """
        self._require_unused()
        own = {"LIVEAVATAR_API_KEY": self._api_key, "LIVEAVATAR_AVATAR_ID": self._appearance.avatar_id}
        access, server = room_access(room, livekit_url, livekit_api_key, livekit_api_secret, **own)
        self._source = OwnRoomSource(self._api(room.name), access, self._appearance)
        await self._start(agent_session, room, self._source, server)

    async def start_hosted(self, agent_session: AgentSession[Any], room: rtc.Room, hosted: HostedRoom) -> None:
        """Let the avatar of a hosted room (`avatar.open_hosted_room`), whose session already runs, speak.

        No LiveKit keys are needed. This room can't have another avatar: if it is lost, the call continues with the
        fallback track, as long as the room exists. `aclose` ends the session, and the room with it.

        Args:
            agent_session: The agent session, whose audio output is replaced.
            room: Joined, or to be joined, with the agent's token.
            hosted: The opened room.

        Raises:
            ConfigurationError: LIVEAVATAR_API_KEY is missing.
        """
        self._require_unused()
        require(LIVEAVATAR_API_KEY=self._api_key)
        self._appearance = replace(self._appearance, identity=AVATAR_IDENTITY)
        await self._start(agent_session, room, HostedSource(self._api(hosted.name), hosted), None)

    def release(self, reason: str) -> None:
        """Stop the avatar's session; the fallback track speaks until `engage`.

        No-op in a hosted room, which would end with the session.

        Args:
            reason: For the log and for `AvatarStatus.detail`.
        """
        if self._link is not None:
            with self._link.driver.step() as now:
                self._link.machine.release(reason, now)

    def engage(self) -> None:
        """Start an avatar session again, in the background."""
        if self._link is not None:
            with self._link.driver.step() as now:
                self._link.machine.engage(now)

    def change_avatar(self, avatar_id: str, *, name: str | None = None) -> None:
        """Switch to another avatar, whose session takes over between two segments; a refused one changes nothing.

        Args:
            avatar_id: Id of the avatar at the service.
            name: Its name in the room; default: the first avatar's.

        Raises:
            ConfigurationError: This avatar session was not started, or is in a hosted room.
        """
        if self._link is None or self._source is None:
            raise ConfigurationError(_CANNOT_CHANGE)
        self._source.names[avatar_id] = name or self._appearance.name
        with self._link.driver.step() as now:
            self._link.machine.change_avatar(avatar_id, now)

    def sync_transcription(self) -> None:
        """Let the transcription follow what the avatar has played. Call it once, after `agent_session.start`.

        Start the agent session with `RoomOptions(text_output=TextOutputOptions(sync_transcription=False))`: the
        framework's synchronizer goes by the wall clock.

        Raises:
            ConfigurationError: The framework's synchronizer is in use.
        """
        if self._agent_session is None or self._output is None or self._link is None:
            return
        output, identity = self._agent_session.output, self.avatar_identity
        if output.transcription is not None:
            self._transcription = SyncedTranscription(
                output, output.transcription, self._output, self._link.sound, identity, delay=self._caption_delay
            )

    async def aclose(self) -> None:
        """Stop the session, and leave the room.

        The avatar's speech is interrupted, and the agent session's conversation keeps the part that was heard; to let
        the speech finish, wait for its `SpeechHandle` first. The agent session's queued speech and its tools are
        interrupted as well.

        May be called repeatedly; the work is done once, and completed, within 10 s and the limits of `conn_options`.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="avatar_close")
        await asyncio.shield(self._closing)

    # Starting

    def _require_unused(self) -> None:
        if self._link is not None or self._closing is not None:
            message = "this avatar session was started or closed before: make another one"
            raise ConfigurationError(message)

    async def _start(
        self, agent_session: AgentSession[Any], room: rtc.Room, source: SessionSource, server: RoomServer | None
    ) -> None:
        self._link = link = AvatarLink(
            source,
            identity=self._appearance.identity,
            avatar_id=self._appearance.avatar_id,
            room=room,
            server=server,
            http=self._http_session,
            on_event=self._on_event,
            recorder=self._recorder,
            timings=self._timings,
        )
        self._output = AvatarAudioOutput(link.driver)
        try:
            await super().start(agent_session, room)
            link.start()
            if self._required:
                await link.first_session()
        except BaseException as error:
            was_closed = self._closing is not None
            await self.aclose()
            if was_closed and isinstance(error, Exception):
                raise AvatarError(_CLOSED_TOO_SOON) from error
            raise
        if self._closing is not None:
            raise AvatarError(_CLOSED_TOO_SOON)
        agent_session.output.replace_audio_tail(self._output)
        agent_session.on("user_state_changed", self._on_user_state_changed)
        agent_session.on("close", self._on_agent_session_close)

    def _api(self, room_name: str) -> LiveAvatarAPI:
        self._recorder = Recorder.in_directory(self._record, room_name)
        return LiveAvatarAPI(
            self._http_session,
            api_key=self._api_key,
            api_url=self._api_url,
            timeout=self._conn_options.timeout,
            attempts=self._conn_options.max_retry + 1,
            journal=self._journal,
            recorder=self._recorder,
        )

    @property
    def _http_session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = client_session()
        return self._http

    @property
    def _is_hosted(self) -> bool:
        return self._appearance.identity == AVATAR_IDENTITY

    # While it runs

    def _on_event(self, event: Event) -> None:
        self.emit("core_event", event)
        if self._transcription is not None:
            self._transcription.report(event)
        match event:
            case StatusChanged(status=status):
                self._status = status
                self.emit("status_changed", status)
            case AvatarRejected(avatar_id=avatar_id):
                self.emit("avatar_rejected", avatar_id)
            case SpeechSent():
                self.emit("speech_sent")
            case AvatarGone() if self._link is not None:
                self.emit("avatar_lost", self._link.last_error)
            case _ if self._output is not None:
                self._output.report(event)

    def _on_user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self._link is None or "speaking" not in {event.new_state, event.old_state}:
            return
        with self._link.driver.step() as now:
            self._link.machine.user_speaks(now, speaking=event.new_state == "speaking")

    # Ending

    def _on_agent_session_close(self, _: object) -> None:
        """Close early: the framework calls `aclose` only after it has left the room, and billing should not wait."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="avatar_close")

    async def _close(self) -> None:
        if self._agent_session is not None and self._link is not None:
            self._agent_session.off("user_state_changed", self._on_user_state_changed)
            self._agent_session.off("close", self._on_agent_session_close)
            if self._link.machine.has_speech:
                await interrupt_speech(self._agent_session)
        if self._link is not None:
            await self._link.aclose()
        self._status = AvatarStatus(is_live=False, reason=AvatarReason.CLOSED, detail="closed")
        if self._transcription is not None:
            await self._transcription.aclose()
        if self._http is not None:
            await self._http.close()
        if self._recorder is not None:
            self._recorder.close()
        if self._is_hosted and self._room is not None:
            # The framework would ask the room's server, whose keys are the service's, to remove the avatar.
            self._room.off("connection_state_changed", self._on_connection_state_changed)
            self._room = None
        await super().aclose()

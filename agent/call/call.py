"""One call: from the room to the opening line, and to the end. The framework carries it in between."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from livekit import api
from livekit.agents import NOT_GIVEN, AgentSession, CloseEvent, JobContext, room_io
from livekit.agents.vad import VAD

from agent.call.account import Account
from agent.call.budget_enforcer import GOODBYE_TIMEOUT, BudgetEnforcer, limits_of
from agent.call.goodbye import say_goodbye
from agent.call.presence import Presence
from agent.control.control import Control
from agent.control.usage import Usage
from agent.conversation.pipeline import build_session
from agent.persona import Persona
from agent.rooms.hosted import CALLER_JOIN_TIMEOUT
from agent.settings import Settings
from agent.speech.queue import SpeechQueue
from avatar import AvatarError, AvatarSession, AvatarStatus, HostedRoom
from avatar.hosted import AVATAR_IDENTITY
from avatar.journal import SessionJournal

logger = logging.getLogger("agent")

_FACE_TIMEOUT = 10.0
# Seconds that the opening line waits for the face; then it is said without one.

_HANG_UP_TIMEOUT = 3.0


class Call:
    """A caller, an agent and its face in one room.

    Args:
        ctx: The job, not connected yet.
        settings: Complete ones.
        persona: Who the caller talks with.
        vad: The process's voice activity detection.
        journal: Where the avatar's sessions are noted.
        hosted: The room, if it is LiveAvatar's; its session is this process's.
    """

    def __init__(
        self,
        ctx: JobContext,
        settings: Settings,
        persona: Persona,
        vad: VAD,
        journal: SessionJournal | None = None,
        *,
        hosted: HostedRoom | None = None,
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._persona = persona
        self._journal = journal
        self._hosted = hosted
        account = Account(settings, journal)
        self._session: AgentSession[Any] = build_session(settings, persona, vad)
        self._speech = SpeechQueue(self._session)
        self._usage = Usage(settings, account)
        self._control = Control(
            ctx.room, self._session, self._speech, settings=settings, persona=persona, usage=self._usage
        )
        self._presence = Presence(
            self._session,
            ctx.room,
            settings.caller_grace,
            first_within=None if hosted is None else CALLER_JOIN_TIMEOUT,
            avatar=None if hosted is None else AVATAR_IDENTITY,
        )
        self._budget = BudgetEnforcer(
            self._session,
            limits_of(settings, None if hosted is None else hosted.max_duration),
            account,
            on_warning=self._on_end_near,
            on_end=self._say_goodbye,
        )
        self._avatar: AvatarSession | None = None
        self._has_no_face = asyncio.Event()

    async def start(self) -> None:
        """Join the room, show the face, say the opening line."""
        self._session.on("close", self._on_session_close)
        if is_call := not self._ctx.is_fake_job():
            # First of all: nothing takes as long as a face.
            await self._start_avatar()
        await self._ctx.connect()
        await self._session.start(
            self._control.personas.first_agent(),
            room=self._ctx.room,
            room_options=self._room_options(),
            # It would let everybody in the room read the instructions and speak for the caller, past `control`.
            session_host=False,
        )
        if self._avatar is not None:
            self._avatar.sync_transcription()
        if is_call:
            self._control.open()
        self._speech.hold()
        self._control.say_opening()
        if is_call and not await self._is_met():
            return
        self._speech.release()
        self._control.personas.prepare()

    async def end(self) -> None:
        """Stop the avatar's session, and hang up. Called in the room: shutdown callbacks run after it was left."""
        await self._budget.aclose()
        try:
            await self._control.aclose()  # a room of LiveAvatar's is gone with the session
        finally:
            if self._avatar is not None:
                await self._avatar.aclose()
            await self._hang_up()
        logger.info("call ended", extra=self._usage.now().model_dump(exclude={"type"}))

    def _room_options(self) -> room_io.RoomOptions:
        return room_io.RoomOptions(
            # Whose microphone is heard; by default the first one's, and in a room of LiveAvatar's that is the avatar.
            participant_identity=NOT_GIVEN if self._hosted is None else self._hosted.caller,
            # Whether a caller who left ends the call is decided by Presence.
            close_on_disconnect=False,
            text_input=room_io.TextInputOptions(text_input_cb=self._control.chat.take),
            # With an avatar the transcription follows what it has played.
            text_output=room_io.TextOutputOptions(sync_transcription=self._avatar is None),
        )

    async def _is_met(self) -> bool:
        """Wait for the caller, and then for the face; False if nobody came."""
        self._presence.watch()
        if not await self._presence.wait_for_caller():
            return False
        if self._avatar is not None:
            self._budget.enforce(self._avatar)
            await self._wait_for_face(self._avatar)
        return True

    async def _start_avatar(self) -> None:
        """Give the agent its face; without one the call goes on by voice alone, and says so."""
        vendor, settings = self._settings.liveavatar, self._settings
        if self._hosted is None and (refusal := await self._budget.refusal()):
            logger.warning("no avatar, the call goes on by voice alone: %s", refusal)
            self._control.attributes.tell(avatar=f"voice only: {refusal}")
            return
        avatar = AvatarSession(
            avatar_id=settings.avatar_id(self._persona.avatar_id),
            api_key=vendor.key.get_secret_value(),
            api_url=vendor.url or "",
            is_sandbox=settings.liveavatar_sandbox,
            video_quality=settings.liveavatar_video_quality,
            avatar_participant_name=self._persona.name,
            # The conversation outlives the avatar, and begins without it where it must.
            required=False,
            journal=self._journal,
        )
        try:
            await self._bring(avatar)
        except AvatarError as error:
            logger.error("no avatar, the call goes on by voice alone: %s", error)  # noqa: TRY400 - no traceback for users
            self._control.attributes.tell(avatar=f"voice only: {error}")
        else:
            self._avatar = avatar
            avatar.on("status_changed", self._on_avatar_status)
            self._control.show(avatar)

    async def _bring(self, avatar: AvatarSession) -> None:
        """Into a room of ours; in one of LiveAvatar's it is."""
        if self._hosted is not None:
            await avatar.start_hosted(self._session, self._ctx.room, self._hosted)
            return
        await avatar.start(
            self._session,
            self._ctx.room,
            livekit_url=self._settings.avatars_url,
            livekit_api_key=self._settings.livekit_api_key,
            livekit_api_secret=self._settings.livekit_api_secret.get_secret_value(),
        )

    async def _wait_for_face(self, avatar: AvatarSession) -> None:
        """The opening line is for a face that is there, or will not come."""
        joining = asyncio.ensure_future(avatar.wait_for_join(timeout=_FACE_TIMEOUT))
        refused = asyncio.ensure_future(self._has_no_face.wait())
        try:
            await asyncio.wait({joining, refused}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joining.cancel()
            refused.cancel()
            # A face that did not come in time is no error of anybody's.
            await asyncio.gather(joining, refused, return_exceptions=True)

    async def _hang_up(self) -> None:
        """Close the room, where a caller would be alone, also on a telephone. Several callers still have each other."""
        ctx = self._ctx
        is_ours = self._hosted is None and not ctx.is_fake_job()
        if not is_ours or not ctx.room.isconnected() or self._presence.count > 1:
            return
        try:
            async with asyncio.timeout(_HANG_UP_TIMEOUT):
                await ctx.api.room.delete_room(api.DeleteRoomRequest(room=ctx.room.name))
        except (aiohttp.ClientError, api.TwirpError, TimeoutError) as error:
            logger.warning("the room stays open after the call: %s", type(error).__name__)

    def _on_avatar_status(self, status: AvatarStatus) -> None:
        if not status.is_live:
            self._has_no_face.set()

    def _on_end_near(self, seconds: float) -> None:
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        self._control.attributes.tell(ends_at=ends_at.isoformat(timespec="seconds"))

    async def _say_goodbye(self) -> None:
        await say_goodbye(self._session, self._speech, self._control.personas.persona.goodbye, timeout=GOODBYE_TIMEOUT)

    def _on_session_close(self, event: CloseEvent) -> None:
        # The avatar is a participant too: it would keep the room, and so the job, alive.
        self._ctx.shutdown(reason=str(event.reason.value))

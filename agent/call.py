"""One call: from the room to the opening line, and to the end. The framework carries it in between."""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from livekit.agents import AgentSession, CloseEvent, JobContext, room_io
from livekit.agents.tokenize.basic import SentenceTokenizer
from livekit.agents.vad import VAD

from agent.account import Account
from agent.apology import Apology
from agent.chat import take_text
from agent.economy import GOODBYE_TIMEOUT, Economy, limits_of
from agent.farewell import say_goodbye
from agent.nodes import PersonaAgent
from agent.persona import Persona
from agent.pipeline import build_session
from agent.presence import Presence
from agent.settings import Settings
from agent.speech import SpeechQueue
from agent.tools import tools_named
from avatar import AvatarError, AvatarSession, AvatarStatus
from avatar.journal import SessionJournal

logger = logging.getLogger("agent")

_FACE_TIMEOUT = 10.0
# Seconds that the opening line waits for the face; then it is said without one.


class Call:
    """A caller, an agent and its face in one room.

    Args:
        ctx: The job, not connected yet.
        settings: Complete ones.
        persona: Who the caller talks with.
        vad: The process's voice activity detection.
        journal: Where the avatar's sessions are noted.
    """

    def __init__(
        self,
        ctx: JobContext,
        settings: Settings,
        persona: Persona,
        vad: VAD,
        journal: SessionJournal | None = None,
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._persona = persona
        self._journal = journal
        self._session: AgentSession[Any] = build_session(settings, persona, vad)
        self._speech = SpeechQueue(self._session)
        self._apology = Apology(self._session, persona.apology)
        self._presence = Presence(self._session, ctx.room, settings.caller_grace)
        self._economy = Economy(
            self._session,
            limits_of(settings),
            Account(settings, journal),
            on_warning=self._on_end_near,
            on_end=self._say_goodbye,
        )
        self._avatar: AvatarSession | None = None
        self._has_no_face = asyncio.Event()
        self._started_at = time.monotonic()
        self._telling: asyncio.Task[None] | None = None
        self._warning: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the room, show the face, say the opening line."""
        self._session.on("close", self._on_session_close)
        await self._ctx.connect()
        if not self._ctx.is_fake_job():
            await self._ctx.room.local_participant.set_name(f"{self._persona.name} (agent)")
            await self._tell_room("starting")
            await self._start_avatar()
        agent = PersonaAgent(self._persona, tools_named(self._persona.tools), self._session, self._apology)
        # Whether a caller who left ends the call is decided by Presence.
        options = room_io.RoomOptions(
            close_on_disconnect=False,
            text_input=room_io.TextInputOptions(text_input_cb=take_text),
            # With an avatar the transcription follows what it has played.
            text_output=room_io.TextOutputOptions(sync_transcription=self._avatar is None),
        )
        await self._session.start(agent, room=self._ctx.room, room_options=options)
        if self._avatar is not None:
            self._avatar.sync_transcription()
        if not self._ctx.is_fake_job():
            self._presence.watch()
            if not await self._presence.wait_for_caller():
                return
        if self._avatar is not None:
            self._economy.govern(self._avatar)
        await self._open()
        self._apology.prepare()

    async def end(self) -> None:
        """Stop the avatar's session. Called while the room is there: shutdown callbacks run after it was left."""
        await self._economy.aclose()
        await self._apology.aclose()
        if self._avatar is not None:
            await self._avatar.aclose()
        logger.info("call ended", extra=self._used())

    def _used(self) -> dict[str, float]:
        """What the call has used, as far as this side can tell; the credits are the service's to count."""
        seconds = 0.0 if self._avatar is None else self._avatar.seconds_used
        return {
            "seconds": round(time.monotonic() - self._started_at, 1),
            "avatar_seconds": round(seconds, 1),
            "avatar_sessions": 0 if self._avatar is None else self._avatar.sessions_used,
            "credits_about": 0.0 if self._settings.liveavatar_sandbox else round(seconds / 60, 2),
        }

    async def _start_avatar(self) -> None:
        """Give the agent its face; without one the call goes on by voice alone, and says so."""
        vendor, settings = self._settings.liveavatar, self._settings
        if refusal := await self._economy.refusal():
            logger.warning("no avatar, the call goes on by voice alone: %s", refusal)
            await self._tell_room(f"voice only: {refusal}")
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
            await avatar.start(
                self._session,
                self._ctx.room,
                livekit_url=settings.livekit_url,
                livekit_api_key=settings.livekit_api_key,
                livekit_api_secret=settings.livekit_api_secret.get_secret_value(),
            )
        except AvatarError as error:
            logger.error("no avatar, the call goes on by voice alone: %s", error)  # noqa: TRY400 - no traceback for users
            await self._tell_room(f"voice only: {error}")
        else:
            self._avatar = avatar
            avatar.on("status_changed", self._on_avatar_status)

    async def _open(self) -> None:
        if self._avatar is not None:
            await self._wait_for_face(self._avatar)
        for sentence in SentenceTokenizer().tokenize(self._persona.opening):
            self._speech.say(sentence)

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

    async def _tell_room(self, avatar: str) -> None:
        """Say on the agent's participant what its face is, and who is a stand-in: nobody is to mistake one."""
        participant = self._ctx.room.local_participant
        await participant.set_attributes({"stand_ins": ",".join(self._settings.stand_ins), "avatar": avatar})

    def _on_avatar_status(self, status: AvatarStatus) -> None:
        told = "live" if status.is_live else f"voice only: {status.reason}"
        if not status.is_live:
            self._has_no_face.set()
        self._telling = asyncio.create_task(self._tell_room(told))

    def _on_end_near(self, seconds: float) -> None:
        ends_at = datetime.now(UTC) + timedelta(seconds=seconds)
        attributes = {"ends_at": ends_at.isoformat(timespec="seconds")}
        self._warning = asyncio.create_task(self._ctx.room.local_participant.set_attributes(attributes))

    async def _say_goodbye(self) -> None:
        await say_goodbye(self._session, self._speech, self._persona.goodbye, timeout=GOODBYE_TIMEOUT)

    def _on_session_close(self, event: CloseEvent) -> None:
        # The avatar is a participant too: it would keep the room, and so the job, alive.
        self._ctx.shutdown(reason=str(event.reason.value))

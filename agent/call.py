"""One call: from the room to the opening line, and to the end. The framework carries it in between."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from livekit.agents import Agent, AgentSession, CloseEvent, JobContext
from livekit.agents.tokenize.basic import SentenceTokenizer
from livekit.agents.vad import VAD

from agent.persona import Persona
from agent.pipeline import build_session
from agent.settings import Settings
from agent.speech import SpeechQueue
from agent.tools import tools_named
from avatar import AvatarError, AvatarSession

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
    """

    def __init__(self, ctx: JobContext, settings: Settings, persona: Persona, vad: VAD) -> None:
        self._ctx = ctx
        self._settings = settings
        self._persona = persona
        self._session: AgentSession[Any] = build_session(settings, persona, vad)
        self._speech = SpeechQueue(self._session)
        self._avatar: AvatarSession | None = None
        self._started_at = time.monotonic()
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the room, show the face, say the opening line."""
        self._session.on("close", self._on_session_close)
        await self._ctx.connect()
        if not self._ctx.is_fake_job():
            await self._ctx.room.local_participant.set_name(f"{self._persona.name} (agent)")
            await self._tell_room("starting")
            await self._start_avatar()
        tools = tools_named(self._persona.tools)
        await self._session.start(Agent(instructions=self._persona.instructions, tools=[*tools]), room=self._ctx.room)
        await self._open()

    async def end(self) -> None:
        """Stop the avatar's session. Called while the room is there: shutdown callbacks run after it was left."""
        if self._avatar is not None:
            await self._avatar.aclose()
        logger.info("call ended", extra={"seconds": round(time.monotonic() - self._started_at, 1)})

    async def _start_avatar(self) -> None:
        """Give the agent its face; without one the call goes on by voice alone, and says so."""
        vendor, settings = self._settings.liveavatar, self._settings
        avatar = AvatarSession(
            avatar_id=settings.avatar_id(self._persona.avatar_id),
            api_key=vendor.key.get_secret_value(),
            api_url=vendor.url or "",
            is_sandbox=settings.liveavatar_sandbox,
            video_quality=settings.liveavatar_video_quality,
            avatar_participant_name=self._persona.name,
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
            avatar.on("avatar_lost", self._on_avatar_lost)
            await self._tell_room("live")

    async def _open(self) -> None:
        if self._avatar is not None:
            with suppress(TimeoutError):
                await self._avatar.wait_for_join(timeout=_FACE_TIMEOUT)
        for sentence in SentenceTokenizer().tokenize(self._persona.opening):
            self._speech.say(sentence)

    async def _tell_room(self, avatar: str) -> None:
        """Say on the agent's participant what its face is, and who is a stand-in: nobody is to mistake one."""
        participant = self._ctx.room.local_participant
        await participant.set_attributes({"stand_ins": ",".join(self._settings.stand_ins), "avatar": avatar})

    def _on_avatar_lost(self, error: AvatarError) -> None:
        self._telling = asyncio.create_task(self._tell_room(f"lost: {error}"))

    def _on_session_close(self, event: CloseEvent) -> None:
        # The avatar is a participant too: it would keep the room, and so the job, alive.
        self._ctx.shutdown(reason=str(event.reason.value))

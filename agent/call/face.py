"""The avatar of one call: its start, the wait for its picture, and its end."""

import asyncio
import logging

from livekit.agents import AgentSession, JobContext

from agent.call.budget import Reason
from agent.control.control import Control
from agent.persona import Persona
from agent.settings import Settings
from avatar import AvatarError, AvatarSession, AvatarStatus, HostedRoom
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")

# Seconds that the opening line waits for the avatar's picture; then it is said without one.
_JOIN_TIMEOUT = 10.0


class Face:
    """The avatar of a call, if it has one.

    Args:
        ctx: The job.
        settings: Complete ones.
        persona: The first one.
        control: Shows the state of the avatar.
        journal: Where the avatar's sessions are noted.
        hosted: The room, if it is LiveAvatar's; its session runs already.

    Attributes:
        avatar: None until one was started, or when there is none in this call.
    """

    def __init__(
        self,
        ctx: JobContext,
        settings: Settings,
        persona: Persona,
        control: Control,
        *,
        journal: Journal | None,
        hosted: HostedRoom | None,
    ) -> None:
        self._ctx = ctx
        self._settings = settings
        self._persona = persona
        self._control = control
        self._journal = journal
        self._hosted = hosted
        self._is_given_up = asyncio.Event()
        self.avatar: AvatarSession | None = None

    async def start(self, session: AgentSession[None], *, unless: Reason | None = None) -> None:
        """Give the agent session its avatar; if that fails, the call goes on by voice and its page says so.

        Args:
            session: Not started yet.
            unless: Why the paid session starts with `engage` and not at once; None if it starts at once.
        """
        avatar = self._make()
        try:
            await self._bring(session, avatar)
        except AvatarError as error:
            self._control.show_voice_only(str(error))
            return
        self.avatar = avatar
        self._control.show(avatar)
        avatar.on("status_changed", self._on_status)
        if unless is not None:
            avatar.release(unless)

    async def wait_for_picture(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - ends the wait without an error
        """Wait until the avatar's picture is in the room, its start failed, or the time is over.

        Args:
            timeout: Seconds; by default `_JOIN_TIMEOUT`.
        """
        if self.avatar is None:
            return
        joining = asyncio.ensure_future(
            self.avatar.wait_for_join(timeout=_JOIN_TIMEOUT if timeout is None else timeout)
        )
        given_up = asyncio.ensure_future(self._is_given_up.wait())
        try:
            await asyncio.wait({joining, given_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            joining.cancel()
            given_up.cancel()
            # A late avatar is not an error of the call.
            await asyncio.gather(joining, given_up, return_exceptions=True)

    async def stop(self) -> None:
        """Stop the avatar's session."""
        if self.avatar is not None:
            await self.avatar.aclose()

    def _make(self) -> AvatarSession:
        vendor, settings = self._settings.liveavatar, self._settings
        return AvatarSession(
            avatar_id=settings.avatar_id(self._persona.avatar_id),
            api_key=vendor.key.get_secret_value(),
            api_url=vendor.url or "",
            is_sandbox=settings.liveavatar_sandbox,
            video_quality=settings.liveavatar_video_quality,
            avatar_participant_name=self._persona.name,
            # The conversation goes on without an avatar.
            required=False,
            journal=self._journal,
            record=settings.liveavatar_record,
        )

    async def _bring(self, session: AgentSession[None], avatar: AvatarSession) -> None:
        if self._hosted is not None:
            await avatar.start_hosted(session, self._ctx.room, self._hosted)
            return
        await avatar.start(
            session,
            self._ctx.room,
            livekit_url=self._settings.avatars_url,
            livekit_api_key=self._settings.livekit_api_key,
            livekit_api_secret=self._settings.livekit_api_secret.get_secret_value(),
        )

    def _on_status(self, status: AvatarStatus) -> None:
        # An avatar that was released because no screen or no slot was there is expected to come later.
        if not status.is_live and status.detail not in {Reason.UNSEEN, Reason.NO_SLOT}:
            self._is_given_up.set()

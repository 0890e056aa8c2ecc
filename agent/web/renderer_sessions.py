"""Avatar sessions for front ends that render LiveAvatar themselves, and send it their own speech."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from agent.call.account import Account
from agent.call.budget_enforcer import limits_of, refusal
from agent.persona import load_persona
from agent.sessions.sweeper import avatar_service
from agent.settings import Settings, SettingsError
from agent.web.errors import RequestError
from agent.web.unjoined import Unjoined, UnjoinedCalls
from avatar import AvatarError, HostedRoom, VideoQuality, open_hosted_room
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")

# Seconds for one request to LiveAvatar, for which a front end waits; a start takes 1 to 3 s.
_TIMEOUT = 10.0

_NONE_LEFT = "The limit of avatar sessions is reached."
_UNAVAILABLE = "Avatar sessions are not available at the moment. Please try again later."
_NOT_STOPPED = "The avatar session could not be stopped yet; it will be retried."


class RendererSessions:
    """Starts LITE sessions in rooms of LiveAvatar's, at most RENDERER_SESSIONS at a time.

    No agent controls such a session, so its length is limited here: at its own limit LiveAvatar was seen neither to
    close the WebSocket nor to send an error. Sessions are in the journal: a sweep stops those of a killed process.

    Args:
        settings: Contain the key and the limits.
        journal: The journal of sessions.
        clock: Returns monotonic seconds.
    """

    def __init__(self, settings: Settings, journal: Journal, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._seconds = 60.0 * min(settings.renderer_minutes, settings.minutes_per_call or settings.renderer_minutes)
        self._places = UnjoinedCalls(settings.renderer_sessions, 0)
        self._running: dict[str, tuple[Unjoined, asyncio.Task[None]]] = {}

    async def create(self, avatar_id: str = "", video_quality: VideoQuality | None = None) -> HostedRoom:
        """Start a session.

        Args:
            avatar_id: LiveAvatar's id of the avatar; empty for the default of the settings or the persona.
            video_quality: None for the default of the settings.

        Raises:
            RequestError: The limit of sessions or of the budget is reached, or LiveAvatar starts none.
        """
        place = self._places.begin("", self._clock(), self._clock() + self._seconds + _TIMEOUT)
        if not isinstance(place, Unjoined):
            raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, _NONE_LEFT, place)
        try:
            room = await self._buy(avatar_id, video_quality)
        except BaseException:
            self._places.end(place)
            raise
        limit = asyncio.create_task(self._stop_at_the_limit(room.session_id), name="renderer_session")
        self._running[room.session_id] = (place, limit)
        return room

    async def stop(self, session_id: str) -> None:
        """Stop a session; one that is already over counts as stopped.

        Raises:
            RequestError: LiveAvatar does not confirm it. A sweep retries.
        """
        place, limit = self._running.pop(session_id, (None, None))
        if place is not None:
            self._places.end(place)
        if limit is not None and limit is not asyncio.current_task():
            limit.cancel()
        try:
            async with avatar_service(self._settings, self._journal) as service:
                await service.stop(session_id)
        except AvatarError as error:
            extra = {"session_id": session_id, "reason": str(error)}
            logger.warning("an avatar session of a front end is left to the next sweep", extra=extra)
            raise RequestError(HTTPStatus.BAD_GATEWAY, _NOT_STOPPED) from None

    async def aclose(self) -> None:
        """Stop every session that was started here."""
        await asyncio.gather(*(self.stop(each) for each in list(self._running)), return_exceptions=True)

    async def _buy(self, avatar_id: str, video_quality: VideoQuality | None) -> HostedRoom:
        settings = self._settings
        try:
            if reason := await refusal(limits_of(settings), Account(settings, self._journal)):
                logger.warning("no avatar session is started, a limit is reached", extra={"reason": reason.value})
                raise RequestError(HTTPStatus.BAD_GATEWAY, _UNAVAILABLE)
            async with avatar_service(settings, self._journal, call_timeout=_TIMEOUT) as service:
                return await open_hosted_room(
                    service,
                    avatar_id=avatar_id or settings.avatar_id(load_persona(settings.persona).avatar_id),
                    is_sandbox=settings.liveavatar_sandbox,
                    video_quality=video_quality or settings.liveavatar_video_quality,
                    max_session_duration=round(self._seconds),
                )
        except (AvatarError, SettingsError) as error:
            logger.error("no avatar session could be started", extra={"reason": str(error)})  # noqa: TRY400 - no traceback for users
            raise RequestError(HTTPStatus.BAD_GATEWAY, _UNAVAILABLE) from None

    async def _stop_at_the_limit(self, session_id: str) -> None:
        await asyncio.sleep(self._seconds)
        logger.info("an avatar session of a front end has reached its limit", extra={"session_id": session_id})
        with suppress(RequestError):  # already logged, and the journal still has the running session
            await self.stop(session_id)

"""The machine, its driver and its executors, put together for one agent session."""

import asyncio
import logging
import random
from collections.abc import Callable

import aiohttp
from livekit import rtc

from avatar.core import (
    Action,
    AvatarGone,
    AvatarMachine,
    AvatarRejected,
    CancelStart,
    CloseSocket,
    Event,
    MuteAvatar,
    OpenSocket,
    PublishFallback,
    ServiceFault,
    SessionLeft,
    SessionRefused,
    SinkChanged,
    SocketDropped,
    StartSession,
    StopSession,
    Timings,
    UnpublishFallback,
)
from avatar.errors import AvatarError, SessionOver
from avatar.fallback.track import FallbackTrack
from avatar.link.driver import Driver
from avatar.link.room import AvatarSubscriptions, RoomServer, RoomWatch
from avatar.link.sessions import RunningSession, SessionExecutor, SessionSource
from avatar.link.socket import SocketExecutor
from avatar.link.sound import AvatarSound
from avatar.recording import Recorder

logger = logging.getLogger("avatar")

# For the last word, a start that is on its way and the stop: the framework kills a job 10 s after its shutdown
# callbacks began. Work that still hangs after the stops' timeout is cancelled, and gets the rest of the time.
_CLOSE_TIMEOUT_S = 9.5
_STOPS_TIMEOUT_S = 9.0


class AvatarLink:
    """One machine, and the executors that carry out its decisions.

    Args:
        source: Where sessions come from.
        identity: The avatar's identity in the room.
        avatar_id: The avatar's id at the service.
        room: Where avatars appear, and the fallback track is published.
        server: The room's server; None if its keys are the service's (a hosted room).
        http: Opens WebSockets, and calls the room's server.
        on_event: Called with each event of the machine.
        recorder: Records the messages of the WebSockets.
        timings: Waits and limits of the machine.

    Attributes:
        machine: Makes the decisions.
        driver: The machine's driver.
        sound: The avatars' sound; None if the room is a stand-in that shows no tracks.
    """

    def __init__(
        self,
        source: SessionSource,
        *,
        identity: str,
        avatar_id: str,
        room: rtc.Room,
        server: RoomServer | None,
        http: aiohttp.ClientSession,
        on_event: Callable[[Event], None],
        recorder: Recorder | None = None,
        timings: Timings | None = None,
    ) -> None:
        # A stand-in for a room need not show who is in it, and may not be able to publish.
        is_room = isinstance(room, rtc.Room)
        loop = asyncio.get_running_loop()
        self.machine = AvatarMachine(
            f"la-{random.getrandbits(32):08x}",
            loop.time(),
            identity=identity,
            avatar_id=avatar_id,
            can_publish=is_room or hasattr(room.local_participant, "publish_track"),
            can_mute=server is not None,
            sees_room=is_room,
            replaceable=server is not None,
            timings=timings,
            jitter=random.random,
        )
        self.driver = Driver(self.machine, self._on_event, self._on_action)
        self._forward = on_event
        self._answered: asyncio.Future[None] = loop.create_future()
        self._sockets = SocketExecutor(self.driver, http, recorder or Recorder())
        self._sessions = SessionExecutor(self.driver, source, self._on_running)
        self._fallback = FallbackTrack(self.driver, room)
        self.sound = AvatarSound(room, self._is_avatar) if is_room else None
        self._watch = RoomWatch(self.driver, room, self.sound) if self.sound is not None else None
        self._subscriptions = None if server is None else AvatarSubscriptions(self.driver, room, server, http)

    def start(self) -> None:
        """Begin, and request the first session."""
        if self._watch is not None:
            self._watch.start()
        self.driver.carry_on()

    async def first_session(self) -> None:
        """Wait for the service's answer to the first request for a session.

        Raises:
            AvatarError: The service gave none.
        """
        await asyncio.shield(self._answered)
        if self._sessions.last_error is not None:
            raise self._sessions.last_error

    @property
    def last_error(self) -> AvatarError:
        """Why the last request for a session failed."""
        return self._sessions.last_error or SessionOver("the avatar is gone")

    async def aclose(self) -> None:
        """Finish everything captured, stop the sessions after their last word, and end all work, within 10 s."""
        end_at = self.driver.now + _CLOSE_TIMEOUT_S
        await self.driver.aclose(_STOPS_TIMEOUT_S)
        executors = (self._sockets, self._sessions, self._fallback, self._watch, self._subscriptions)
        limit = end_at - self.driver.now
        await asyncio.gather(*(executor.aclose(limit) for executor in executors if executor is not None))
        # Let a `first_session` that still waits return: there will be no session.
        self._answer()

    def _is_avatar(self, identity: str) -> bool:
        return any(session.identity == identity for session in self.machine.sessions)

    def _on_running(self, number: int, running: RunningSession) -> None:
        self._sockets.set_url(number, running.ws_url)
        self._answer()

    def _answer(self) -> None:
        if not self._answered.done():
            self._answered.set_result(None)

    def _on_action(self, action: Action) -> None:
        match action:
            case StartSession():
                self._sessions.start(action)
            case CancelStart():
                self._sessions.cancel(action)
            case StopSession():
                self._sessions.stop(action)
            case OpenSocket():
                self._sockets.open(action)
            case CloseSocket():
                self._sockets.close(action.session)
            case PublishFallback():
                self._fallback.publish()
            case UnpublishFallback():
                self._fallback.unpublish()
            case MuteAvatar() if self._subscriptions is not None:
                self._subscriptions.apply(action)

    def _on_event(self, event: Event) -> None:
        self._log(event)
        if isinstance(event, SessionRefused):
            self._answer()
        self._forward(event)

    def _log(self, event: Event) -> None:
        match event:
            case SessionLeft(session=session, detail=detail, failed=failed):
                level = logging.WARNING if failed else logging.INFO
                logger.log(level, "avatar session left", extra=self._session(session) | {"reason": detail})
            case SocketDropped(session=session, detail=detail):
                logger.warning("avatar connection lost", extra=self._session(session) | {"reason": detail})
            case SessionRefused(refusal=refusal, detail=detail, retry_in=retry_in):
                wait = None if retry_in is None else round(retry_in, 1)
                logger.warning(
                    "the avatar service gave no session",
                    extra={"refusal": refusal.value, "reason": detail, "retry_in": wait},
                )
            case ServiceFault(session=session, kind=kind, detail=detail):
                extra = self._session(session) | {"kind": kind, "reason": detail}
                logger.warning("the avatar service reports a fault", extra=extra)
            case SinkChanged(sink=sink):
                logger.info("the sink of speech changed", extra={"sink": sink.value})
            case AvatarRejected(avatar_id=avatar_id, detail=detail):
                extra = {"avatar_id": avatar_id, "reason": detail}
                logger.warning("an avatar can't be had, the one before stays", extra=extra)
            case AvatarGone(detail=detail):
                logger.error("no avatar any more in this call", extra={"reason": detail})
            case _:
                pass

    def _session(self, number: int) -> dict[str, object]:
        return {"session_id": self.machine.sessions[number - 1].session_id}

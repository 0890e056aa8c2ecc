"""Keeps an avatar in the room for as long as one is wanted: reconnects, begins anew, takes turns in time.

What is to be said does not wait for any of this: the core gives it to the voice while no avatar is ready.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import aiohttp

from avatar.attendance import Attendance
from avatar.backoff import reconnect_delays
from avatar.connection import AvatarConnection
from avatar.core import Mouth
from avatar.decisions import seconds_to_wait
from avatar.errors import AvatarError, ConnectionLost
from avatar.playback import Playback
from avatar.service_session import ServiceSession, Sessions

logger = logging.getLogger("avatar")

_STABLE_AFTER = 5.0
# Seconds that a connection holds before the next loss counts as the first.

_MOST_FAILURES = 4
# Sessions in a row that were of no use: each of them was paid for.

_WAIT_PER_FAILURE = 3.0
# Seconds before the next session after the second failure in a row, and as much more after the third.

_PROVEN_AFTER = 30.0
# Seconds after which a session was of use, whatever became of it.

_LEAD = 15.0
# Seconds before a session's end at which the next one is started: a start takes 1 to 3 s.

_SHORTEST = 8.0
# Seconds: in half of a shorter one there would be no time to find out that it is of no use, before the next one begins.

_LINGER = 1.0
# Seconds that an avatar stays after its last word, which is still on its way to the caller.

_LAST_MOMENT = 2.0
# Seconds before a session's end at which it is left, also in the middle of a segment.


@dataclass(frozen=True, slots=True)
class AvatarStatus:
    """Whether there is an avatar, and why not."""

    is_live: bool
    reason: str = ""


class _Ending(Enum):
    """Why a session is left."""

    LOST = "it is of no use any more"
    RELIEVED = "its time is up"
    RELEASED = "no avatar is wanted"


@dataclass(frozen=True, slots=True)
class _Successor:
    session: ServiceSession
    websocket: aiohttp.ClientWebSocketResponse | None


class Recovery:
    """The life of the avatar in one call.

    Args:
        playback: What it is to say.
        connection: How it is told.
        sessions: Where it comes from, and what it costs.
        attendance: Whether it is in the room.
        first: A session that was started already.
        on_status: Told of every change.
    """

    def __init__(
        self,
        playback: Playback,
        connection: AvatarConnection,
        sessions: Sessions,
        attendance: Attendance,
        *,
        first: ServiceSession | None,
        on_status: Callable[[AvatarStatus], None],
    ) -> None:
        self._playback = playback
        self._core = playback.core
        self._connection = connection
        self._sessions = sessions
        self._attendance = attendance
        self._on_status = on_status
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._over: asyncio.Future[ConnectionLost] | None = None
        self._successor = None if first is None else _Successor(first, None)
        self._failures = 0  # sessions in a row that were of no use
        self._refusals = 0  # tries in a row that gave none
        self._stopping: set[asyncio.Task[None]] = set()
        self._lost = ConnectionLost("the avatar is away")  # why the last WebSocket is gone
        self._is_live = False
        self._ending = _Ending.LOST  # of the last session
        self.session = first
        """The one that speaks, or is about to."""

    async def run(self) -> AvatarError:
        """Keep an avatar there; returns why there can't be one any more, with every session stopped that can be."""
        try:
            return await self._run()
        finally:
            for task in self._stopping:
                task.cancel()
            await asyncio.shield(self._sessions.stop_all())

    async def _run(self) -> AvatarError:
        while True:
            await self._wanted.wait()
            try:
                successor = self._successor or _Successor(await self._sessions.start(), None)
            except AvatarError as error:
                if not await self._wait_after(error):
                    return error
                continue
            self._successor, self._refusals = None, 0
            if not self._wanted.is_set():  # released while it was being started
                self._stop(successor.session)
                continue
            lost = await self._keep(successor)
            if self._failures >= _MOST_FAILURES:
                return lost
            if self._successor is None and self._ending is not _Ending.RELEASED:
                await asyncio.sleep(max(0, self._failures - 1) * _WAIT_PER_FAILURE)
                await self._attendance.room_goes_on()

    def release(self, reason: str) -> None:
        """Let go of the avatar until `engage`; what is to be said is said by the voice."""
        if self._wanted.is_set():
            self._wanted.clear()
            self._end(ConnectionLost(reason, session_over=True), _Ending.RELEASED)
            if self._successor is not None:
                self._stop(self._successor.session)
                self._successor = None
            self._tell_absence(reason)
            self._leave_now()
            self._playback.act(lambda now: self._core.expect_avatar(now, now))

    def engage(self) -> None:
        """Take the avatar up again."""
        self._wanted.set()

    def connected(self) -> None:
        """The service takes commands."""
        self._is_live = True
        self._on_status(AvatarStatus(is_live=True))

    def mouth_changed(self, mouth: Mouth) -> None:
        """From now on this one speaks."""
        if mouth is Mouth.VOICE and self._is_live:
            self._tell_absence(str(self._lost))

    def segment_ended(self) -> None:
        """A segment was said: if the next session is ready, it says the next one."""
        if self._successor is not None and self._core.between:
            self._change()

    def give_up(self, reason: str) -> None:
        """The session that speaks is of no use any more."""
        self._end(ConnectionLost(reason, session_over=True), _Ending.LOST)

    def hang_up(self, reason: str) -> None:
        """The connection is of no use any more; its session may be."""
        self._connection.hang_up(reason)

    async def _wait_after(self, error: AvatarError) -> bool:
        """Wait before the next try. False if there is no use in one."""
        self._refusals += 1
        seconds = seconds_to_wait(error, self._refusals, random.random())  # noqa: S311 - jitter
        if seconds is None:
            return False
        logger.warning("no avatar yet, the next try is in %.1f s: %s", seconds, error)
        self._playback.act(lambda now: self._core.expect_avatar(now, now))
        self._tell_absence(str(error))
        await asyncio.sleep(seconds)
        return True

    def _tell_absence(self, reason: str) -> None:
        self._is_live = False
        self._on_status(AvatarStatus(is_live=False, reason=reason))

    # One session

    async def _keep(self, successor: _Successor) -> ConnectionLost:
        """Carry a session to its end, and stop it."""
        session = self.session = successor.session
        self._ending = _Ending.LOST
        over = self._over = asyncio.get_running_loop().create_future()
        tasks = [
            asyncio.create_task(self._carry(session, successor.websocket), name="avatar_carry"),
            asyncio.create_task(self._relieve(session), name="avatar_relieve"),
            asyncio.create_task(self._attendance.watch(session.identity, self.give_up), name="avatar_attendance"),
            asyncio.create_task(self._attendance.watch_sound(session.identity, self._missed), name="avatar_sound"),
        ]
        try:
            done, _ = await asyncio.wait([tasks[0], over], return_when=asyncio.FIRST_COMPLETED)
            lost: ConnectionLost = done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.session = None
        relieved = self._successor is not None and self._core.between
        self._stop(session, after=_LINGER if relieved else 0.0)
        self._judge(session, lost)
        return lost

    def _judge(self, session: ServiceSession, lost: ConnectionLost) -> None:
        """Count whether it was of use, and say why there is no avatar now, if there is none."""
        if asyncio.get_running_loop().time() - session.started_at >= _PROVEN_AFTER:
            self._failures = 0
        elif self._ending is _Ending.LOST:
            self._failures += 1
        if self._successor is None and self._ending is not _Ending.RELEASED:
            logger.warning("avatar session lost: %s", lost, extra={"session_id": session.session_id})
            self._tell_absence(str(lost))

    def _stop(self, session: ServiceSession, *, after: float = 0.0) -> None:
        """Stop it beside everything else."""

        async def stop() -> None:
            await asyncio.sleep(after)
            await self._sessions.stop(session.session_id)

        task = asyncio.create_task(stop(), name="avatar_stop")
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _missed(self, since: float) -> None:
        self._playback.act(lambda now: self._core.avatar_missed(since, now))
        self.give_up("no sound of the avatar arrives")

    def _end(self, lost: ConnectionLost, ending: _Ending) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(lost)
            self._ending = ending

    async def _carry(
        self, session: ServiceSession, websocket: aiohttp.ClientWebSocketResponse | None
    ) -> ConnectionLost:
        """Connect, again and again, until the session is over or can't be reached."""
        loop = asyncio.get_running_loop()
        delays = reconnect_delays(iter(random.random, None))
        lost = ConnectionLost("never tried")
        while not lost.session_over and (delay := next(delays, None)) is not None:
            await asyncio.sleep(delay)
            opened_at = loop.time()
            try:
                websocket = websocket or await self._connection.open(session.ws_url)
                lost = await self._connection.run(websocket)
            except ConnectionLost as error:
                lost = error
            websocket, self._lost = None, lost
            logger.warning("avatar connection lost: %s", lost, extra={"session_id": session.session_id})
            if loop.time() - opened_at > _STABLE_AFTER:
                delays = reconnect_delays(iter(random.random, None))
        return lost

    # The next session

    async def _relieve(self, session: ServiceSession) -> None:
        """Have the next session ready before this one ends, and change between two segments."""
        if session.ends_at is None:
            return
        loop = asyncio.get_running_loop()
        length = session.ends_at - session.started_at
        if length < _SHORTEST:
            return
        await asyncio.sleep(session.ends_at - min(_LEAD, length / 2) - loop.time())
        # Without a next one, an account with one slot for example, there is a time by voice alone.
        self._successor = await self._prepare()
        self.segment_ended()
        await asyncio.sleep(session.ends_at - _LAST_MOMENT - loop.time())
        self._change()

    def _change(self) -> None:
        self._leave_now()
        self._end(ConnectionLost("the session's time is up", session_over=True), _Ending.RELIEVED)

    def _leave_now(self) -> None:
        """What is captured from now on is for whoever comes next, also while this session is being left."""
        self._playback.act(self._core.connection_lost)

    async def _prepare(self) -> _Successor | None:
        """A session that was started and whose WebSocket is open; None if the service does not give one now."""
        try:
            session = await self._sessions.start()
        except AvatarError as error:
            logger.warning("the avatar's time is nearly up, and there is no other session: %s", error)
            return None
        try:
            return _Successor(session, await self._connection.open(session.ws_url))
        except ConnectionLost:
            return _Successor(session, None)  # its own turn will try again
        except asyncio.CancelledError:
            await self._sessions.stop(session.session_id)
            raise

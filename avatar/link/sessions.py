"""The executor that starts and stops sessions through the service's REST interface."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from avatar.core import CancelStart, Refusal, StartSession, StopSession
from avatar.errors import AvatarError, ConnectionLost
from avatar.link.driver import Driver
from avatar.link.tasks import Tasks

logger = logging.getLogger("avatar")

# A stop has to be finished before the framework kills a job, 10 s after its shutdown callbacks began.
_STOP_TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True)
class RunningSession:
    """A session that the service runs.

    Attributes:
        session_id: The service's id of the session.
        ws_url: WebSocket URL that speech is sent to. It is a credential: its holder can speak through the avatar.
        max_duration: Seconds after which the service ends it, if that is known.
        already_ran: Seconds for which it had run before.
    """

    session_id: str
    ws_url: str
    max_duration: float | None
    already_ran: float = 0.0


class SessionSource(Protocol):
    """Where the sessions of one call come from."""

    async def prepare(self, identity: str, avatar_id: str) -> str:
        """Create a session, which costs nothing yet.

        Args:
            identity: Its avatar's identity in the room.
            avatar_id: Its avatar's id at the service.

        Returns:
            Its id.

        Raises:
            AvatarError: No session was created.
        """

    async def start(self, session_id: str) -> RunningSession:
        """Start a session; from now on it is billed.

        Raises:
            AvatarError: The session was not started, or no answer came.
        """

    async def stop(self, session_id: str) -> None:
        """Stop a session.

        Raises:
            AvatarError: The stop was not confirmed.
        """


class SessionExecutor:
    """The executor of `StartSession`, `CancelStart` and `StopSession`.

    Args:
        driver: Driver of the machine that asks for them.
        source: Where sessions come from.
        on_running: Called with the number and each session that runs, before the machine learns of it.
    """

    def __init__(
        self, driver: Driver, source: SessionSource, on_running: Callable[[int, RunningSession], None]
    ) -> None:
        # Why the last start failed; None after a successful start.
        self.last_error: AvatarError | None = None
        self._driver = driver
        self._machine = driver.machine
        self._source = source
        self._on_running = on_running
        self._ids: dict[int, str] = {}
        self._preparing: dict[int, asyncio.Task[None]] = {}
        self._starting: dict[int, asyncio.Task[None]] = {}
        self._tasks = Tasks()

    def start(self, action: StartSession) -> None:
        """Ask for a session."""
        number = action.session
        self._preparing[number] = self._starting[number] = self._tasks.start(
            self._start(action), "avatar_start", lambda error: self._refuse(number, _unexpected(error))
        )

    def cancel(self, action: CancelStart) -> None:
        """Give up a session, unless the service was already asked to start it: then the answer is awaited."""
        preparing = self._preparing.pop(action.session, None)
        if preparing is not None:
            preparing.cancel()
            with self._driver.step() as now:
                self._machine.session_cancelled(action.session, now)

    def stop(self, action: StopSession) -> None:
        """Stop a session, also one whose start is still on its way."""
        number = action.session
        self._tasks.start(self._stop(number), "avatar_stop", lambda _: self._report_stop(number, confirmed=False))

    async def aclose(self, limit: float) -> None:
        """Cancel the calls that are still on their way; takes `limit` seconds at most."""
        await self._tasks.aclose(limit)

    async def _start(self, action: StartSession) -> None:
        number = action.session
        try:
            session_id = await self._source.prepare(action.identity, action.avatar_id)
            self._preparing.pop(number, None)
            self._ids[number] = session_id
            running = await self._source.start(session_id)
        except AvatarError as error:
            self._refuse(number, error)
            return
        finally:
            self._preparing.pop(number, None)
            self._starting.pop(number, None)
        self.last_error = None
        logger.info("avatar session started", extra={"session_id": running.session_id})
        self._on_running(number, running)
        with self._driver.step() as now:
            self._machine.session_started(
                number, running.session_id, running.max_duration, now, already_ran=running.already_ran
            )

    def _refuse(self, number: int, error: AvatarError) -> None:
        self.last_error = error
        with self._driver.step() as now:
            self._machine.session_refused(
                number,
                error.refusal,
                now,
                detail=str(error),
                retry_after=getattr(error, "retry_after", None),
                # Without an id, no session can have been started.
                may_run=number in self._ids and error.refusal is Refusal.UNREACHABLE,
            )

    async def _stop(self, number: int) -> None:
        session_id, starting = self._ids.get(number), self._starting.get(number)
        if session_id is None:
            # Without an id no session was started; the start is cancelled, so none will be.
            if starting is not None:
                starting.cancel()
            self._report_stop(number, confirmed=True)
            return
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await self._source.stop(session_id)
                if starting is not None and not starting.done():
                    # This stop has overtaken the start, which may still take effect.
                    await asyncio.wait([starting])
                    await self._source.stop(session_id)
        except (AvatarError, TimeoutError) as error:
            detail = str(error) or f"no answer within {_STOP_TIMEOUT_S:.0f} s"
            extra = {"session_id": session_id, "reason": detail}
            logger.error("avatar session not stopped: it is billed until it is", extra=extra)  # noqa: TRY400 - a sentence
            self._report_stop(number, confirmed=False)
        else:
            logger.info("avatar session stopped", extra={"session_id": session_id})
            self._report_stop(number, confirmed=True)

    def _report_stop(self, number: int, *, confirmed: bool) -> None:
        with self._driver.step() as now:
            (self._machine.session_stopped if confirmed else self._machine.stop_failed)(number, now)


def _unexpected(error: Exception) -> ConnectionLost:
    return ConnectionLost(f"the session can't be started: {type(error).__name__}")

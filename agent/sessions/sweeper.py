"""Stops the avatar sessions of killed jobs and earlier workers, while the worker runs."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from agent.settings import Settings, SettingsError
from agent.settings.state_dir import temporary_state_dir
from agent.state.shared_state import SharedState, check_state, open_state
from avatar import AvatarError, LiveAvatarAPI
from avatar.http import client_session
from avatar.sessions.port import Journal, JournalError, LeftRoom
from avatar.sessions.sweep import sweep

logger = logging.getLogger("agent")

# Seconds between two sweeps.
_SWEEP_INTERVAL = 1.0

# Seconds for a request to LiveAvatar, and for the last sweep: a worker in development has 15 s to end, with its jobs.
_STOP_TIMEOUT = 4.0
_LAST_SWEEP_TIMEOUT = 6.0


def open_journal(settings: Settings) -> Journal:
    """Open the journal of sessions. The fleet's Redis need not be reachable yet.

    Raises:
        SettingsError: This machine's directory can't be written.
    """
    return _open_state(settings).journal


def open_checked_state(settings: Settings) -> SharedState:
    """Open the state of this machine, or of the fleet, and make sure that it can be used.

    Raises:
        SettingsError: The directory can't be written, or the fleet's Redis can't be used.
    """
    state = _open_state(settings)
    check_state(settings)
    return state


def _open_state(settings: Settings) -> SharedState:
    if "state_dir" not in settings.model_fields_set and settings.state_dir == temporary_state_dir():
        logger.warning(
            "no home directory can be written, so running avatar sessions are noted in a temporary one: when that is "
            "lost, sessions of a killed worker are billed until LiveAvatar ends them; set STATE_DIR",
            extra={"state_dir": str(settings.state_dir)},
        )
    state = open_state(settings)
    try:
        state.journal.prepare()
    except JournalError as error:
        raise SettingsError([f"STATE_DIR: {error} - name a directory that can be written"]) from None
    return state


@asynccontextmanager
async def avatar_service(
    settings: Settings, journal: Journal | None = None, *, call_timeout: float = _STOP_TIMEOUT
) -> AsyncIterator[LiveAvatarAPI]:
    """Open a client of LiveAvatar that sends each request once; its users retry later themselves."""
    async with client_session() as http:
        yield LiveAvatarAPI(
            http,
            api_key=settings.liveavatar.key.get_secret_value(),
            api_url=settings.avatar_service_url,
            timeout=call_timeout,
            attempts=1,
            journal=journal,
        )


@asynccontextmanager
async def sweeping(
    settings: Settings, journal: Journal, on_left: Callable[[LeftRoom], None] | None = None
) -> AsyncIterator[Callable[[], None]]:
    """Sweep now, every second while the body runs, and once more at its end.

    Args:
        settings: Give access to LiveAvatar.
        journal: The journal of sessions.
        on_left: Called with each room whose agent has died, if that agent had a session or a lease.

    Yields:
        A function that triggers the next sweep at once.
    """
    async with avatar_service(settings, journal) as api:
        due, over = asyncio.Event(), asyncio.Event()
        sweeps = asyncio.create_task(_sweep_until(over, due, journal, api, on_left), name="sweeper")
        try:
            yield due.set
        finally:
            over.set()
            due.set()
            await _end(sweeps)


async def sweep_once(settings: Settings, journal: Journal) -> None:
    """Sweep once; log a failure."""
    async with avatar_service(settings, journal) as api:
        await _sweep(journal, api)


async def _sweep_until(
    over: asyncio.Event,
    due: asyncio.Event,
    journal: Journal,
    api: LiveAvatarAPI,
    on_left: Callable[[LeftRoom], None] | None,
) -> None:
    """Sweep repeatedly. A sweep is never cancelled, so that no claim is left behind."""
    while not over.is_set():
        due.clear()
        await _sweep(journal, api, on_left)
        with suppress(TimeoutError):
            await asyncio.wait_for(due.wait(), _SWEEP_INTERVAL)
    await _sweep(journal, api)


async def _sweep(journal: Journal, api: LiveAvatarAPI, on_left: Callable[[LeftRoom], None] | None = None) -> None:
    try:
        await sweep(journal, api, on_left)
    except AvatarError as error:
        extra = {"error": str(error)}
        logger.error("the sweep for orphaned avatar sessions failed; it will be retried", extra=extra)  # noqa: TRY400 - no traceback
    except Exception:
        logger.exception("the sweep for orphaned avatar sessions failed; it will be retried")


async def _end(sweeps: "asyncio.Task[None]") -> None:
    try:
        await asyncio.wait_for(sweeps, _LAST_SWEEP_TIMEOUT)
    except TimeoutError:
        logger.warning("the last sweep for orphaned avatar sessions was cancelled; the next worker repeats it")

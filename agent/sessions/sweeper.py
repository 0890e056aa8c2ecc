"""Beside the worker: stops the avatar sessions of jobs, and of earlier workers, that were killed."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from agent.settings import Settings, SettingsError
from avatar import AvatarError, LiveAvatarAPI
from avatar.http import client_session
from avatar.journal import JournalError, SessionJournal
from avatar.sweep import sweep

logger = logging.getLogger("agent")

_EVERY = 2.0
# Seconds from one sweep to the next.

_STOP_TIMEOUT = 4.0
_LAST_SWEEP = 6.0
# Seconds; who ends a worker in development waits 15 s in all, its jobs included.


def open_journal(settings: Settings) -> SessionJournal:
    """The journal of this machine's sessions.

    Raises:
        SettingsError: It can't be written.
    """
    journal = SessionJournal(settings.state_dir)
    try:
        journal.prepare()
    except JournalError as error:
        raise SettingsError([f"STATE_DIR: {error} - name a directory that can be written"]) from None
    return journal


@asynccontextmanager
async def avatar_service(
    settings: Settings, journal: SessionJournal | None = None, *, call_timeout: float = _STOP_TIMEOUT
) -> AsyncIterator[LiveAvatarAPI]:
    """The avatar's service, for calls that are tried once: whoever needs it tries again later."""
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
async def sweeping(settings: Settings, journal: SessionJournal) -> AsyncIterator[None]:
    """Sweep now, every 2 s as long as the body runs, and once more at its end."""
    async with avatar_service(settings, journal) as api:
        over = asyncio.Event()
        sweeps = asyncio.create_task(_sweep_until(over, journal, api), name="sweeper")
        try:
            yield
        finally:
            over.set()
            await _end(sweeps)


async def sweep_once(settings: Settings, journal: SessionJournal) -> None:
    """Sweep, and say what keeps it from doing so."""
    async with avatar_service(settings, journal) as api:
        await _sweep(journal, api)


async def _sweep_until(over: asyncio.Event, journal: SessionJournal, api: LiveAvatarAPI) -> None:
    """Sweep again and again. It is not cancelled in a sweep, so that no claim is left behind."""
    while not over.is_set():
        await _sweep(journal, api)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _EVERY)
    await _sweep(journal, api)


async def _sweep(journal: SessionJournal, api: LiveAvatarAPI) -> None:
    try:
        await sweep(journal, api)
    except AvatarError as error:
        logger.error("no sweep for avatar sessions left running: %s", error)  # noqa: TRY400 - a sentence, no traceback
    except Exception:
        logger.exception("a sweep for avatar sessions left running failed")  # the next one may do better


async def _end(sweeps: "asyncio.Task[None]") -> None:
    try:
        await asyncio.wait_for(sweeps, _LAST_SWEEP)
    except TimeoutError:
        logger.warning("the last sweep was cut off; the next start of a worker goes on with it")

"""A session of a test call, which is stopped however the call ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from avatar import AvatarError, LiveAvatarAPI
from avatar.api import SessionToken, StartedSession
from avatar.core.refusal import Refusal

# Time limits for a start that has not been answered when the call ends, and then for the stop.
_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 10.0


@asynccontextmanager
async def paid_session(
    service: LiveAvatarAPI, token: SessionToken, say: Callable[[str], None]
) -> AsyncIterator[StartedSession]:
    """Start a session, and stop it when the body ends, even with an error.

    Args:
        service: LiveAvatar. With a journal, if this process is killed, the next worker's sweep stops the session.
        token: Of the session.
        say: Called with a sentence if the session may still be running.

    Raises:
        AvatarError: The session could not be started.
    """
    starting = asyncio.create_task(service.start(token), name="doctor_start")
    try:
        yield await asyncio.shield(starting)
    finally:
        await asyncio.shield(asyncio.create_task(_stop(service, token, starting, say), name="doctor_stop"))


async def _stop(
    service: LiveAvatarAPI, token: SessionToken, starting: "asyncio.Task[StartedSession]", say: Callable[[str], None]
) -> None:
    """Stop the session after its start was answered: a start that arrives after the stop would take effect."""
    by_hand = f"python agent.py sessions stop {token.session_id} --force"
    await asyncio.wait([starting], timeout=_START_TIMEOUT_S)
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await service.stop(token.session_id)
    except (AvatarError, TimeoutError) as error:
        say(f"the session could NOT be stopped, and is billed until you stop it ({error or 'no answer'}): {by_hand}")
    else:
        if not _is_answered(starting):
            say(f"the start was never answered; if it takes effect after all, stop the session: {by_hand}")
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


def _is_answered(starting: "asyncio.Task[StartedSession]") -> bool:
    """Return False if the session may still be started later, after the stop."""
    if not starting.done() or starting.cancelled():
        return False
    error = starting.exception()
    return not isinstance(error, AvatarError) or error.refusal is not Refusal.UNREACHABLE

"""Asks the agents of calls with expired leases whether they live.

A node that has only lost Redis can't renew the leases of its calls, and the calls go on: their agents are in their
rooms. So a call is taken over only after its agent was asked through LiveKit and did not answer.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from livekit import api
from livekit.agents.utils import aio

from agent.rooms.agent_rpc import call_agent
from agent.rooms.dispatch import LIVEKIT_FAILURES, livekit_api
from agent.settings import Settings
from agent.state.leases import DoubtedCall, Leases
from avatar.sessions.port import JournalError, LeftRoom

logger = logging.getLogger("agent")

# Seconds between two looks for doubted calls.
_LOOKS_EVERY = 0.5

# No agent has this method: LiveKit's client in its process answers with an error, which shows that the process lives.
# Like the thread that renews the lease, the client answers however busy the event loop is.
_METHOD = "is_alive"

# Time for an answer, in milliseconds and, for the whole request, in seconds; on one machine it takes milliseconds.
_ANSWER_TIMEOUT_MS = 1_500
_REQUEST_TIMEOUT = 2.0

_ERRORS = api.TwirpErrorCode
# Seen with livekit-server 1.13.5: the agent has no such method; there is no such agent; it does not answer.
_ANSWERED = {_ERRORS.INVALID_ARGUMENT}
_NOT_ANSWERED = {_ERRORS.NOT_FOUND, _ERRORS.CANCELED, _ERRORS.DEADLINE_EXCEEDED}


@asynccontextmanager
async def asking_agents(settings: Settings, leases: Leases | None, on_dead: Callable[[], None]) -> AsyncIterator[None]:
    """Ask the agents of doubted calls while the body runs.

    Args:
        settings: Contain LiveKit's URL and keys.
        leases: The fleet's leases; None for a single machine, which need not ask.
        on_dead: Called when an agent was found dead: its room and its sessions can be claimed.
    """
    if leases is None:
        yield
        return
    looking = asyncio.create_task(_look_regularly(settings, leases, on_dead), name="witness")
    try:
        yield
    finally:
        await aio.cancel_and_wait(looking)


async def lives(settings: Settings, call: LeftRoom) -> bool | None:
    """Ask the agent of a call whether its process lives.

    Returns:
        None if it is unknown: LiveKit can't be asked, or the agent is not in its room. An agent whose process was
        killed stays there for some 20 s; an absent one may be about to join.
    """
    try:
        async with livekit_api(settings) as livekit:
            there = await livekit.room.list_participants(api.ListParticipantsRequest(room=call.room))
        if all(each.identity != call.agent for each in there.participants):
            return None
        return await _answers(settings, call)
    except LIVEKIT_FAILURES as error:
        extra = {"room": call.room, "error": type(error).__name__}
        logger.warning("LiveKit can't be asked whether the agent of a call lives", extra=extra)
        return None


async def _answers(settings: Settings, call: LeftRoom) -> bool:
    request = api.PerformRpcRequest(
        room=call.room, destination_identity=call.agent, method=_METHOD, response_timeout_ms=_ANSWER_TIMEOUT_MS
    )
    try:
        async with asyncio.timeout(_REQUEST_TIMEOUT):  # the client would retry
            await call_agent(settings, request, timeout=_REQUEST_TIMEOUT)
    except TimeoutError:
        return False
    except api.TwirpError as error:
        if error.code in _ANSWERED | _NOT_ANSWERED:
            return error.code in _ANSWERED
        raise
    return True


async def _look_regularly(settings: Settings, leases: Leases, on_dead: Callable[[], None]) -> None:
    async with asyncio.TaskGroup() as asking:
        while True:
            for doubted in await _doubted(leases):
                asking.create_task(_settle(settings, leases, doubted, on_dead), name="ask_agent")
            await asyncio.sleep(_LOOKS_EVERY)


async def _doubted(leases: Leases) -> list[DoubtedCall]:
    try:
        return await asyncio.to_thread(leases.doubted)
    except JournalError:
        return []  # the client of Redis logs it


async def _settle(settings: Settings, leases: Leases, doubted: DoubtedCall, on_dead: Callable[[], None]) -> None:
    """Ask the agent of one call. If the answer is unknown or can't be stored, the call stays doubted."""
    is_alive = await lives(settings, doubted.call)
    extra = {"room": doubted.call.room, "is_alive": is_alive}
    logger.warning("the lease of a call has run out; its agent was asked", extra=extra)
    if is_alive is None:
        return
    try:
        await asyncio.to_thread(leases.settle, doubted.owner, lives=is_alive)
    except JournalError:
        logger.warning("the answer of a call's agent can't be stored", extra={"room": doubted.call.room})
        return
    if not is_alive:
        on_dead()

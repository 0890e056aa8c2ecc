"""Dispatches an agent into a room whose callers have none, because its process was killed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import Enum, auto

import aiohttp
from livekit import api
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

from agent.settings import Settings
from avatar.http import client_session

logger = logging.getLogger("agent")

# The exceptions of requests to LiveKit's server.
LIVEKIT_FAILURES = (aiohttp.ClientError, api.TwirpError, TimeoutError)

# Seconds for a request to LiveKit's server; a caller may be waiting for it.
_REQUEST_TIMEOUT = 2.0

# Seconds after a dispatch within which LiveKit shows that a worker has taken it, and within which the agent arrives.
# Seen with livekit-server 1.13.5: five, as its list of dispatches is some seconds old; and one, if a process is ready.
_TAKEN_WITHIN = 6.0
_ARRIVES_WITHIN = 20.0

# Seconds for which the dispatch is retried, and between two attempts: LiveKit drops a dispatch when no worker is
# registered, and keeps the participant of a killed process for some 20 s.
_GIVE_UP_AFTER = 40.0
_LOOKS_EVERY = 2.0

_AGENT = api.ParticipantInfo.Kind.AGENT
# People: participants of every other kind are recorders, streams and the like.
_CALLERS = {api.ParticipantInfo.Kind.STANDARD, api.ParticipantInfo.Kind.SIP}


class Outcome(Enum):
    """The result for a room in which an agent may be missing."""

    NO_CALLER = auto()
    AGENT_IS_THERE = auto()
    AGENT_COMES = auto()


@asynccontextmanager
async def livekit_api(settings: Settings) -> AsyncIterator[api.LiveKitAPI]:
    """Open a client of LiveKit's server whose requests time out after two seconds.

    Its requests fail with `LIVEKIT_FAILURES`.
    """
    secret = settings.livekit_api_secret.get_secret_value()
    timeout = aiohttp.ClientTimeout(total=_REQUEST_TIMEOUT)
    async with (
        client_session(timeout=timeout) as http,
        api.LiveKitAPI(settings.livekit_url, settings.livekit_api_key, secret, session=http) as livekit,
    ):
        yield livekit


async def bring_agent(
    livekit: api.LiveKitAPI,
    settings: Settings,
    room: str,
    *,
    is_expected: bool = False,
    dead: str = "",
    dead_dispatch: str = "",
    metadata: str = "",
) -> Outcome:
    """Dispatch an agent into a room if callers are there without one and none is on its way.

    Args:
        livekit: LiveKit's server.
        settings: Name the agent.
        room: Name of the room.
        is_expected: True if a caller is about to join, so that none has to be there.
        dead: Identity of an agent whose process has ended. LiveKit keeps it in the room for some 20 s; it is removed.
        dead_dispatch: Id of the dispatch that brought it.
        metadata: Metadata of that dispatch, if known, with the call's configuration. The new dispatch gets it; if it is
            empty, the metadata of the last dispatch that LiveKit lists.

    Returns:
        What was found or done. An agent that is there may be one whose process was killed a moment ago.

    Raises:
        aiohttp.ClientError, api.TwirpError, TimeoutError: A request to LiveKit's server failed.
    """
    there = (await livekit.room.list_participants(api.ListParticipantsRequest(room=room))).participants
    if not is_expected and not any(each.kind in _CALLERS for each in there):
        return Outcome.NO_CALLER
    if any(each.identity == dead for each in there):
        await livekit.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=dead))
    if any(_is_agent(each) and each.identity != dead for each in there):
        return Outcome.AGENT_IS_THERE
    dispatches = await livekit.agent_dispatch.list_dispatch(room)
    if not _is_on_its_way([each for each in dispatches if each.id != dead_dispatch], time.time()):
        name = settings.livekit_agent_name
        request = api.CreateAgentDispatchRequest(
            agent_name=name, room=room, metadata=metadata or _last_metadata(dispatches, name)
        )
        await livekit.agent_dispatch.create_dispatch(request)
        logger.warning("callers were without an agent, and another one is dispatched", extra={"room": room})
    return Outcome.AGENT_COMES


async def bring_agent_back(
    settings: Settings, room: str, *, dead: str = "", dead_dispatch: str = "", metadata: str = ""
) -> None:
    """Dispatch an agent into a room whose own has died, repeatedly until one has joined, for 40 s at most.

    Args:
        settings: The worker's.
        room: Name of the room.
        dead: See `bring_agent`; if it is unknown, an agent that is there may be the dead one.
        dead_dispatch: See `bring_agent`.
        metadata: See `bring_agent`.
    """
    outcome = Outcome.AGENT_COMES
    for _ in range(int(_GIVE_UP_AFTER / _LOOKS_EVERY)):
        try:
            async with livekit_api(settings) as livekit:
                outcome = await bring_agent(
                    livekit, settings, room, dead=dead, dead_dispatch=dead_dispatch, metadata=metadata
                )
        except LIVEKIT_FAILURES as error:
            extra = {"room": room, "error": type(error).__name__}
            logger.warning("the request to LiveKit for an agent failed; it will be retried", extra=extra)
        if outcome is Outcome.NO_CALLER or (dead and outcome is Outcome.AGENT_IS_THERE):
            return
        await asyncio.sleep(_LOOKS_EVERY)
    if outcome is not Outcome.AGENT_IS_THERE:
        logger.error("callers are without an agent, and no worker has taken the call", extra={"room": room})


def _is_agent(participant: api.ParticipantInfo) -> bool:
    """Return whether a participant is an agent and not an agent's avatar."""
    return participant.kind == _AGENT and ATTRIBUTE_PUBLISH_ON_BEHALF not in participant.attributes


def _last_metadata(dispatches: Sequence[api.AgentDispatch], agent_name: str) -> str:
    """Return the metadata of the last dispatch of this agent that had any."""
    told = [each for each in dispatches if each.metadata and each.agent_name == agent_name]
    return max(told, key=lambda each: each.state.created_at).metadata if told else ""


def _is_on_its_way(dispatches: Sequence[api.AgentDispatch], now: float) -> bool:
    limits = [(each, _ARRIVES_WITHIN if each.state.jobs else _TAKEN_WITHIN) for each in dispatches]
    return any(now - each.state.created_at / 1e9 < seconds for each, seconds in limits)

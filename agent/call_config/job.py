"""The configuration of a job's call: from the job, its room and a telephone, in this order."""

import asyncio
import logging
from functools import partial

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS
from livekit.protocol.agent import Job

from agent.call_config.errors import CallConfigError
from agent.call_config.given import Given, in_attributes, in_metadata
from agent.call_config.persona_files import persona_named
from agent.call_config.resolve import resolve
from agent.call_config.variables import left_over
from agent.persona import Persona
from agent.persona_check import require_usable
from agent.settings import Settings, SettingsError

logger = logging.getLogger("agent")

# Seconds to wait for the first caller in the room. A telephone opens its room itself, so it is there already.
_CALLER_TIMEOUT = 2.0

# The fields whose values a vendor's model may not accept.
_OF_MODELS = ("voice", "language")

_PHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def given_in_job(job: Job) -> Given:
    """Read the job's metadata, and take the fields that it leaves out from the room's."""
    return in_metadata(job.metadata).over(in_metadata(job.room.metadata))


async def given_by_telephone(ctx: JobContext) -> Given:
    """Join the room, and read the attributes of a telephone in it."""
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    callers = await _first_callers(ctx.room)
    telephone = next((each for each in callers if each.kind == _PHONE), None)
    return Given() if telephone is None else in_attributes(telephone.attributes)


def prepare(settings: Settings, given: Given) -> tuple[Settings, Persona, Given]:
    """Return the settings and the persona of a call; log and leave out fields of its configuration that can't be used.

    Args:
        settings: The worker's.
        given: The configuration of the call.

    Raises:
        SettingsError: The worker's own persona can't be used.
    """
    try:
        resolved, persona = resolve(settings, partial(persona_named, settings), given.config)
        _require_usable(resolved, persona, given)
    except CallConfigError as error:
        return prepare(settings, given.without(error))
    for problem in given.problems:
        logger.error("a part of the call's configuration is wrong and is left out", extra={"problem": problem})
    if names := left_over(persona):
        logger.warning("the opening has variables without a value", extra={"variables": ", ".join(names)})
    return resolved, persona, given


def _require_usable(settings: Settings, persona: Persona, given: Given) -> None:
    """Check that the models accept the persona's options.

    Raises:
        CallConfigError: They don't accept a voice or a language that the call was given.
        SettingsError: They don't accept an option of the persona itself.
    """
    try:
        require_usable(settings, persona)
    except SettingsError as error:
        config = given.config
        wrong = {name: "; ".join(error.problems) for name in _OF_MODELS if getattr(config, name) is not None}
        if not wrong:
            raise
        raise CallConfigError(wrong) from None


async def _first_callers(room: rtc.Room) -> list[rtc.RemoteParticipant]:
    """Return the callers in a room as soon as there are any; an empty list after two seconds without one."""
    came = asyncio.Event()

    def look(_: rtc.RemoteParticipant) -> None:
        came.set()

    room.on("participant_connected", look)
    try:
        async with asyncio.timeout(_CALLER_TIMEOUT):
            while not (callers := _callers(room)):
                came.clear()
                await came.wait()
    except TimeoutError:
        return []
    else:
        return callers
    finally:
        room.off("participant_connected", look)


def _callers(room: rtc.Room) -> list[rtc.RemoteParticipant]:
    return [each for each in room.remote_participants.values() if each.kind in DEFAULT_PARTICIPANT_KINDS]

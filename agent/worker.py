"""The worker: takes jobs from LiveKit and runs one call in each."""

import asyncio
import importlib
import logging
import math
import os
from contextlib import suppress
from functools import partial

from livekit import api
from livekit.agents import JobContext, JobExecutorType, JobProcess, JobRequest
from livekit.agents.utils.hw import get_cpu_monitor
from livekit.agents.worker import ServerEnvOption

from agent.call.budget import Reason
from agent.call.budget_enforcer import GOODBYE_TIMEOUT
from agent.call.budget_minutes import minutes_left
from agent.call.call import Call
from agent.call.job_exit import exit_lost, exit_within
from agent.call.kept import Conversation, Keeper
from agent.call_config.given import Given
from agent.call_config.job import given_by_telephone, given_in_job, prepare
from agent.control.streams import bound_pre_connect_audio
from agent.conversation.pipeline import load_vad
from agent.doctor import ROOM_PREFIX
from agent.framework import plugin_http_session, set_job_url, tls_context
from agent.metrics.otlp import set_up_meters
from agent.metrics.spans import set_up_traces
from agent.persona import Persona, load_persona
from agent.process.parent_watch import Recover, end_with_worker
from agent.process.ports import health_port
from agent.rooms.call_server import CallServer
from agent.rooms.dispatch import LIVEKIT_FAILURES, bring_agent_back
from agent.rooms.own import is_web_room
from agent.settings import (
    Settings,
    SettingsError,
    complete_settings,
    load_settings,
    read_env_file,
    settings_or_defaults,
)
from agent.settings.proxies import room_proxies
from agent.state.shared_state import SharedState, load_state_client, open_state
from avatar import AvatarError, HostedRoom
from avatar.sessions.port import Journal, LeftRoom

logger = logging.getLogger("agent")

# The environment as it was before `.env` was read; a restarted worker starts with it.
ENVIRONMENT = read_env_file()

# Job processes are forks of one that has these loaded: a call does not wait for imports.
_PRELOADED = [
    "agent.worker",
    "anyio._backends._asyncio",
    "livekit.agents.llm.async_toolset",
    "openai.resources",
    "agent.preloaded",
]
# Processes that wait for the next call. The framework would keep one for each core, at 40 MB or more each: on 64 cores
# that wastes gigabytes. In development it would keep none, and the caller would wait for one to start.
_MOST_IDLE = 4
_IDLE_IN_DEV = 1
# Seconds for a process to be ready. The first one waits for all imports, which take 6 s on a free core. The framework's
# 10 s are too few on a busy machine: it would kill the process, and register a worker that can't take a call.
_READY_WITHIN = 60.0
# The share of JOB_MEMORY_LIMIT at which the framework warns.
_WARN_SHARE = 0.7


def _server(settings: Settings) -> CallServer:
    wanted, cores = settings.idle_processes, math.ceil(get_cpu_monitor().cpu_count())
    return CallServer(
        max_calls=settings.max_calls,
        job_memory_limit_mb=settings.job_memory_limit,
        job_memory_warn_mb=_WARN_SHARE * settings.job_memory_limit,
        preload_modules=_PRELOADED,
        initialize_process_timeout=_READY_WITHIN,
        num_idle_processes=ServerEnvOption(
            dev_default=_IDLE_IN_DEV if wanted is None else wanted,
            prod_default=min(cores, _MOST_IDLE) if wanted is None else wanted,
        ),
        port=ServerEnvOption(
            dev_default=health_port(settings, dev=True), prod_default=health_port(settings, dev=False)
        ),
    )


# Seconds for a job's process to end once its call has ended. The framework takes less than two, and more only when it
# uploads a recording to LiveKit's cloud.
_EXIT_TIMEOUT = 60.0

# The worker that `python agent.py`, `python -m livekit.agents` and `lk agent` run. It reports wrong settings then.
server = _server(settings_or_defaults())


def prewarm(process: JobProcess) -> None:
    """Load what is slow to load before the first job; a forked process has it already."""
    tls_context()
    load_state_client(settings_or_defaults())
    set_up_traces()
    set_up_meters()
    _load_tools()
    process.userdata["vad"] = load_vad()


def _load_tools() -> None:
    """Import the author's own modules, and the client of MCP servers, if the persona has some."""
    # The worker's start and the call report a SettingsError.
    with suppress(SettingsError):
        if load_persona(load_settings().persona).mcp:
            importlib.import_module("agent.tools.mcp_servers")


async def take_job(request: JobRequest) -> None:
    """Accept each job if there is a slot for it, except in rooms of `doctor --call`, which starts its own session."""
    room = request.room.name
    if room.startswith(ROOM_PREFIX):
        await request.reject()
    elif server.slots is not None and not await server.slots.take(room):
        logger.warning("a job is refused: the account has no slot for another avatar", extra={"room": room})
        await request.reject()
    else:
        await request.accept()


async def end_call(ctx: JobContext) -> None:
    """End the call of a job, while the room is still there."""
    call: Call | None = ctx.proc.userdata.pop("call", None)
    if call is not None:
        await call.close()
    keeper: Keeper | None = ctx.proc.userdata.pop("keeper", None)
    if keeper is not None:
        await keeper.forget()
    journal: Journal | None = ctx.proc.userdata.pop("journal", None)
    if journal is not None:
        await asyncio.to_thread(journal.disown)
    if ctx.proc.executor_type is JobExecutorType.PROCESS:
        exit_within(_EXIT_TIMEOUT)


@server.rtc_session(on_request=take_job, on_session_end=end_call)
async def start_call(ctx: JobContext) -> None:
    """Run the call of a job: a caller is in the room, or is expected there."""
    settings = load_settings()
    ctx.log_context_fields = {"room": ctx.job.room.name}
    state = _open_state(ctx, settings)
    journal = state.journal
    end_with_worker(settings, journal, _recovery(ctx, settings))
    is_hosted = settings.room_owner == "liveavatar" and not ctx.is_fake_job()
    hosted = HostedRoom.from_json(ctx.job.metadata) if is_hosted else None
    if hosted is not None and not await _adopt(ctx, hosted, journal):
        ctx.shutdown(reason="the avatar's session was given up before its job began")
        return
    _use_proxies(ctx, settings.livekit_url if hosted is None else hosted.url)
    bound_pre_connect_audio(ctx.room)
    settings, persona, given = prepare(settings, await _given(ctx, hosted))
    complete_settings(of_persona=settings.avatar_id(persona.avatar_id))
    left = await minutes_left(settings, journal, ctx.job.room.name)
    if left is not None:
        if left * 60.0 <= GOODBYE_TIMEOUT and hosted is None:
            await refuse_call(ctx, Reason.CALL_IS_USED)
            return
        settings = settings.model_copy(update={"minutes_per_call": left})
    keeper, resumed = await _conversation(ctx, settings, state)
    if resumed is not None:
        persona = _persona_of(resumed, settings, given, persona)
    call = Call(
        ctx,
        settings,
        persona,
        ctx.proc.userdata["vad"],
        journal,
        hosted=hosted,
        given=given,
        keeper=keeper,
        resumed=resumed,
    )
    ctx.proc.userdata["call"] = call
    await call.start()


async def _given(ctx: JobContext, hosted: HostedRoom | None) -> Given:
    """Return what the call was given; join the room to find out if it may be a telephone's."""
    given = given_in_job(ctx.job)
    if hosted is not None or ctx.is_fake_job() or is_web_room(ctx.job.room.name):
        return given
    return given.over(await given_by_telephone(ctx))


async def _adopt(ctx: JobContext, hosted: HostedRoom, journal: Journal) -> bool:
    """Take over the session of one of LiveAvatar's rooms; return False if the session was given up before."""
    if not await asyncio.to_thread(journal.adopt, hosted.session_id, room=hosted.name):
        return False
    # CallServer.join says why the job has no URL.
    set_job_url(ctx, hosted.url)
    grants = ctx.token_claims().video
    if grants is None or not grants.can_update_own_metadata:
        logger.warning("LiveAvatar's token lets the agent set no attributes: front ends can't show its state")
    return True


def _open_state(ctx: JobContext, settings: Settings) -> SharedState:
    if not _can_be_recovered(ctx, settings):
        return open_state(settings)
    call = LeftRoom(ctx.job.room.name, ctx.token_claims().identity, ctx.job.dispatch_id)
    return open_state(settings, call=call, on_lost=exit_lost)


async def _conversation(
    ctx: JobContext, settings: Settings, state: SharedState
) -> tuple[Keeper | None, Conversation | None]:
    """Take the lease of the call; return its keeper, and the conversation that was cut off in its room, if any."""
    if not _can_be_recovered(ctx, settings):
        return None, None
    try:
        await asyncio.to_thread(state.own)
    except AvatarError as error:
        logger.warning("other workers will not notice when this call's process dies", extra={"error": str(error)})
    keeper = Keeper(state.conversations, ctx.job.room.name, ctx.token_claims().identity)
    ctx.proc.userdata.update(keeper=keeper, journal=state.journal)
    resumed = await keeper.read()
    if resumed is not None:
        logger.info("a conversation that was cut off is resumed in its room")
    return keeper, resumed


def _persona_of(resumed: Conversation, settings: Settings, given: Given, persona: Persona) -> Persona:
    """Return the persona that led a conversation, or the worker's own if that one's file can't be used."""
    if resumed.persona == (given.config.persona or settings.persona.stem):
        return persona
    # The call's configuration is for its first persona; the others have its variables alone.
    config = given.config.only({"variables"}).model_copy(update={"persona": resumed.persona})
    return prepare(settings, Given(config))[1]


def _can_be_recovered(ctx: JobContext, settings: Settings) -> bool:
    """Return whether callers can get another agent; a room of LiveAvatar's ends with its session."""
    return settings.room_owner == "ours" and not ctx.is_fake_job()


def _recovery(ctx: JobContext, settings: Settings) -> Recover | None:
    """Return a function that brings the callers another agent; None if the room ends with its avatar's session."""
    if not _can_be_recovered(ctx, settings):
        return None
    return partial(
        bring_agent_back,
        settings,
        ctx.job.room.name,
        dead=ctx.token_claims().identity,
        dead_dispatch=ctx.job.dispatch_id,
        metadata=ctx.job.metadata,
    )


async def refuse_call(ctx: JobContext, reason: str) -> None:
    """End a job without a call, and close its room, in which the caller would be alone."""
    logger.info("a job ends without a call", extra={"reason": reason})
    try:
        await ctx.api.room.delete_room(api.DeleteRoomRequest(room=ctx.job.room.name))
    except LIVEKIT_FAILURES as error:
        logger.warning("the room stays open without a call", extra={"error": type(error).__name__})
    ctx.shutdown(reason=reason)


def _use_proxies(ctx: JobContext, livekit_url: str) -> None:
    """Let the plugins of this job, and its connection to the room, follow the rule for proxies."""
    ctx.add_shutdown_callback(plugin_http_session().close)
    os.environ.update(room_proxies(livekit_url))


server.setup_fnc = prewarm

"""The worker: takes jobs from LiveKit, and runs one call in each."""

import asyncio
import logging
import math

from livekit.agents import JobContext, JobExecutorType, JobProcess
from livekit.agents.utils.hw import get_cpu_monitor
from livekit.agents.worker import ServerEnvOption

from agent.call.call import Call
from agent.call.job_exit import exit_within
from agent.conversation.pipeline import load_vad
from agent.persona import load_persona
from agent.process.parent_watch import end_with_worker
from agent.rooms.call_server import CallServer
from agent.settings import complete_settings, load_settings, read_env_file
from avatar import HostedRoom
from avatar.journal import SessionJournal

logger = logging.getLogger("agent")

# The environment without `.env`: what a worker is given that is started again.
ENVIRONMENT = read_env_file()

# Job processes are forks of one that has these loaded: a call does not wait for imports.
_PRELOADED = ["agent.worker", "anyio._backends._asyncio", "livekit.agents.llm.async_toolset", "openai.resources"]
# One waits for the next call also in development, where the framework would start it only when the caller is there.
_IDLE = ServerEnvOption(dev_default=1, prod_default=math.ceil(get_cpu_monitor().cpu_count()))

# Seconds for a job's process to end once its call has ended. The framework takes less than two, and more only when it
# uploads a recording to LiveKit's cloud.
_EXIT_TIMEOUT = 60.0

# The worker that `python agent.py`, `python -m livekit.agents` and `lk agent` run.
server = CallServer(preload_modules=_PRELOADED, num_idle_processes=_IDLE)


def prewarm(process: JobProcess) -> None:
    """Load the models before the first job, because that takes a moment."""
    process.userdata["vad"] = load_vad(load_settings().turn_detection)


async def end_call(ctx: JobContext) -> None:
    """End the call of a job, while the room is still there."""
    call: Call | None = ctx.proc.userdata.pop("call", None)
    if call is not None:
        await call.close()
    if ctx.proc.executor_type is JobExecutorType.PROCESS:
        exit_within(_EXIT_TIMEOUT)


@server.rtc_session(on_session_end=end_call)
async def start_call(ctx: JobContext) -> None:
    """Run the call of a job: somebody is in a room, or is expected there."""
    persona = load_persona(load_settings().persona)
    settings = complete_settings(of_persona=persona.avatar_id)
    ctx.log_context_fields = {"room": ctx.job.room.name}
    journal = SessionJournal(settings.state_dir)
    end_with_worker(settings, journal)
    hosted = None
    if settings.room_owner == "liveavatar" and not ctx.is_fake_job():
        hosted = HostedRoom.from_json(ctx.job.metadata)
        if not await asyncio.to_thread(journal.adopt, hosted.session_id, room=hosted.name):
            ctx.shutdown(reason="the avatar's session was given up before its job began")
            return
        ctx._info.url = hosted.url  # noqa: SLF001 - see CallServer.join
        grants = ctx.token_claims().video
        if grants is None or not grants.can_update_own_metadata:
            logger.warning("LiveAvatar's token lets the agent set no attributes: front ends can't show its state")
    call = Call(ctx, settings, persona, ctx.proc.userdata["vad"], journal, hosted=hosted)
    ctx.proc.userdata["call"] = call
    await call.start()


server.setup_fnc = prewarm

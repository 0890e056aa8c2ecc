"""Every use of livekit-agents beyond its public interface; the rest of the service calls this module.

tests/agent/test_framework.py checks each of them against the installed version, so that an upgrade of the framework
which changes one fails there, by name.
"""

import asyncio
import logging
import math
import os
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from livekit.agents import AgentServer, AgentSession, JobContext, RunContext, stt
from livekit.agents.ipc.job_executor import JobExecutor, JobStatus
from livekit.agents.job import RunningJobInfo
from livekit.agents.utils import http_context
from livekit.agents.utils.http_server import HttpServer
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.agent_activity import _SpeechHandleContextVar
from livekit.agents.voice.tool_executor import _RunningTasks
from livekit.agents.worker import ServerEnvOption, _DefaultLoadCalc
from livekit.plugins import deepgram, openai
from livekit.protocol import agent

from avatar.http import client_session, proxy_for

__all__ = [
    "METRICS_DIRECTORY",
    "STT_MESSAGE",
    "ConnectedLLM",
    "FullError",
    "JobServer",
    "forward_messages",
    "is_released",
    "paused_speech",
    "plugin_http_session",
    "reporting_flux",
    "reporting_stt",
    "reports_messages",
    "running_tools",
    "set_job_url",
    "tls_context",
    "until_scheduled",
]

logger = logging.getLogger("agent")

# Where prometheus_client in other processes keeps its values; it reads the variable when it is imported.
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

# The event that an STT of `reporting_stt` emits for each message of the service.
STT_MESSAGE = "message"

# The framework's own values for the session that its plugins share.
_CONNECTIONS_PER_HOST = 50
_KEEPALIVE_S = 120


# LiveKit's server assigns no job to a worker that reports a load of 1.0, though it is available: "no workers with
# sufficient capacity" (seen in the log of livekit-server on a machine without idle time).
_MOST_LOAD = 0.99

# Seconds between two attempts to reach LiveKit: random between 0 and a bound that doubles with each failure, so that
# the workers of a fleet don't come back at the same moment.
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 10.0


class FullError(Exception):
    """The worker takes no more calls: it drains, is not up, is at MAX_CALLS, or the machine is too busy."""


class JobServer(AgentServer):
    """A worker that reports its state, outlives LiveKit's outages, and can start jobs that LiveKit did not assign.

    The framework's worker gives up after 16 attempts, about 130 s, and ends every call, although a call has a
    connection of its own. This one keeps trying.

    Args:
        options: Those of `AgentServer`.
        max_calls: Calls at a time; 0 for as many as the load allows.
        routes: Added to the framework's routes on the health check's server.

    Attributes:
        are_keys_refused: True while LiveKit answers that the API key or secret is wrong.
        on_job_failed: Called with each job whose process has failed or was killed; set it before `run`.
    """

    def __init__(self, *, max_calls: int = 0, routes: Sequence[web.RouteDef] = (), **options: Any) -> None:
        super().__init__(**options)
        self._max_calls = max_calls
        self._routes = list(routes)
        self._longest_wait = _FIRST_RETRY_S
        self._other_load = 0.0
        self.load_fnc = self._measure_load
        self.are_keys_refused = False
        self.on_job_failed: Callable[[RunningJobInfo], None] = lambda _: None
        self.on("worker_registered", self._on_registered)

    def add_routes(self, *routes: web.RouteDef) -> None:
        """Add routes to the health check's server, before `run`."""
        self._routes += routes

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        """Run until `aclose`; see `AgentServer.run`. The connection to LiveKit follows the rule for proxies."""
        # The framework takes HTTPS_PROXY whatever NO_PROXY says, and whatever the URL's scheme is.
        self._http_proxy = proxy_for(self._ws_url) or ""
        if metrics := os.environ.get(METRICS_DIRECTORY):
            # The framework empties its folder, and the page's process may already count in this one.
            self._prometheus_multiproc_dir = str(Path(metrics) / "jobs")
        await super().run(devmode=devmode, unregistered=unregistered)

    @property
    def is_running(self) -> bool:
        """True from the start of `run` to `aclose`."""
        return not self._closed

    @property
    def is_connecting(self) -> bool:
        """True while it has no connection to LiveKit. The framework announces a registration, but not its loss."""
        return self._connecting

    @property
    def is_available(self) -> bool:
        """True when it would accept a job from LiveKit: it does not drain, and its load is below the limit."""
        return self._is_available()

    @property
    def _http_server(self) -> HttpServer | None:
        return self._health_server

    @_http_server.setter
    def _http_server(self, server: HttpServer | None) -> None:
        # The framework makes the server in `run` and starts it there, after which no route can be added.
        if server is not None:
            server.app.add_routes(self._routes)
        self._health_server = server

    def other_load(self) -> float:
        """Return the used share of this worker's limits other than the machine's; at 1.0 it takes no more calls.

        Called in a thread; may block for a moment.
        """
        return len(self.active_jobs) / self._max_calls if self._max_calls else 0.0

    def _measure_load(self) -> float:
        """Return the largest of the loads, so that LiveKit chooses the worker with the most capacity left."""
        self._other_load = self.other_load()
        threshold = ServerEnvOption.getvalue(self._load_threshold, self._devmode)
        machine = _DefaultLoadCalc.get_load(self)
        # In development the framework's threshold is infinite: a worker takes calls however busy the machine is.
        machine = min(machine, _MOST_LOAD) if math.isinf(threshold) else machine
        return max(machine, self._other_load * min(threshold, 1.0))

    def _is_available(self) -> bool:
        # In development the framework's threshold is infinite.
        if self._other_load >= 1.0:
            return False
        if self._max_calls and len(self.active_jobs) + self._reserved_slots >= self._max_calls:
            return False
        return super()._is_available()

    async def _update_job_status(self, proc: JobExecutor) -> None:
        # Called when a process starts, gets its job, and has ended.
        info = proc.running_job
        if info is not None and proc.status is JobStatus.FAILED:
            self.on_job_failed(info)
        await super()._update_job_status(proc)

    async def _connection_task(self) -> None:
        """Keep a connection to LiveKit until `aclose`."""
        # The framework's method then ends at the first failure.
        self._max_retry = 0
        while True:
            try:
                # Skip the decorator, which logs each failure with a traceback.
                await AgentServer._connection_task.__wrapped__(self)  # type: ignore[attr-defined] # noqa: SLF001 - our own
            except RuntimeError as error:
                self._connection_failed = False
                await self._wait_to_retry(error.__context__ or error)
            else:
                return

    async def _wait_to_retry(self, reason: BaseException) -> None:
        status = getattr(reason, "status", None)
        self.are_keys_refused = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        delay = random.uniform(0.0, self._longest_wait)  # noqa: S311 - no secret
        self._longest_wait = min(2.0 * self._longest_wait, _LONGEST_RETRY_S)
        extra = {"delay": round(delay, 1), "error": str(reason) or type(reason).__name__}
        if self.are_keys_refused:
            logger.error("LiveKit refuses the worker: are LIVEKIT_API_KEY and LIVEKIT_API_SECRET right?", extra=extra)
        else:
            logger.warning("LiveKit can't be reached: is LIVEKIT_URL right, and the server running?", extra=extra)
        await asyncio.sleep(delay)

    def _on_registered(self, *_: object) -> None:
        self._longest_wait = _FIRST_RETRY_S
        self.are_keys_refused = False

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a place for one more call, from now until its job has a process.

        The framework counts the place as load, so that callers who come at the same time don't get the same one.

        Raises:
            FullError: There is no place.
        """
        if self._closed:
            raise FullError
        await self._refresh_worker_load()
        # No await from here to the reservation: two callers would both find the last place free.
        if not self._is_available():
            raise FullError
        self._reserved_slots += 1
        try:
            yield
        finally:
            self._reserved_slots -= 1

    async def launch(self, info: RunningJobInfo) -> None:
        """Start a job within `slot`; return when a process has it. The launch goes on if the caller is cancelled.

        Raises:
            RuntimeError: No process could be started.
        """
        launching = asyncio.create_task(self._proc_pool.launch_job(info), name="job_launch")
        # `drain` waits for these tasks before it checks which jobs run.
        self._job_lifecycle_tasks.add(launching)
        launching.add_done_callback(self._job_lifecycle_tasks.discard)
        await asyncio.shield(launching)

    async def _queue_msg(self, msg: agent.WorkerMessage) -> None:
        # Without a connection the queue is never read: once it is full, the end of a job would wait for ever.
        if self._conn_task is not None:
            await super()._queue_msg(msg)


def set_job_url(ctx: JobContext, url: str) -> None:
    """Make `ctx.connect()` join the room at this address."""
    ctx._info.url = url  # noqa: SLF001 - the framework has no other way to set it


def tls_context() -> ssl.SSLContext:
    """Return the TLS context of this process. The first call reads the CA certificates, which takes 0.1 s or more.

    Falls back to certifi where the system has no CA bundle.
    """
    return http_context._create_ssl_context()  # noqa: SLF001 - it is cached in this process


def plugin_http_session() -> aiohttp.ClientSession:
    """Open the HTTP session that plugins share from here on in this task; close it after use.

    The framework's own session sends every request through the worker's proxy, even to loopback addresses.
    """
    connector = aiohttp.TCPConnector(
        limit_per_host=_CONNECTIONS_PER_HOST,
        keepalive_timeout=_KEEPALIVE_S,
        ssl=tls_context(),
    )
    session = client_session(connector=connector)
    http_context._ContextVar.set(lambda: session)  # noqa: SLF001 - else each plugin would have to be given it
    return session


def running_tools(session: AgentSession[Any]) -> list[asyncio.Task[Any]]:
    """List the tasks of the tools that run now.

    The public events name tools without giving a handle to them, and closing a session waits for every tool.
    """
    return [each.exe_task for each in _RunningTasks.get(session, {}).values() if not each.exe_task.done()]


def paused_speech(session: AgentSession[Any]) -> tuple[SpeechHandle, bool] | None:
    """Return the speech that a noise has paused and whether it had begun; None if no speech is paused.

    The public agent state is `listening` for a paused speech as well as for one that waits to begin.
    """
    activity = session._activity  # noqa: SLF001 - see above
    paused = None if activity is None else activity._paused_speech  # noqa: SLF001 - see above
    if paused is None or paused.handle.done() or paused.handle.interrupted:
        return None
    return paused.handle, paused.agent_state == "speaking"


async def until_scheduled() -> None:
    """Wait until the speech of this task is certain to be said; dropping the speech cancels the task."""
    speech = _SpeechHandleContextVar.get(None)
    if speech is not None:
        await speech._wait_for_scheduled()  # noqa: SLF001 - the framework begins answers before the turn has ended


def reports_messages(source: stt.STT[Any]) -> bool:
    """Return whether an STT emits `STT_MESSAGE`."""
    return getattr(source, "_reports_messages", False)


def forward_messages(source: stt.STT[Any], target: stt.STT[Any]) -> None:
    """Make an adapter emit `STT_MESSAGE` whenever the STT that it wraps does."""
    target._reports_messages = True  # type: ignore[attr-defined] # noqa: SLF001 - read by `reports_messages`
    source.on(STT_MESSAGE, lambda: target.emit(STT_MESSAGE))


def reporting_stt(**options: Any) -> deepgram.STT:
    """Make Deepgram's STT; it emits `STT_MESSAGE` for each message of the service, also for results without words.

    Args:
        options: Those of `deepgram.STT`.
    """
    return _ReportingSTT(**options)


def reporting_flux(**options: Any) -> deepgram.STTv2:
    """Make Deepgram's STT for Flux; it emits `STT_MESSAGE` for each message of the service.

    Args:
        options: Those of `deepgram.STTv2`.
    """
    return _ReportingFlux(**options)


class _ReportingSTT(deepgram.STT):
    _reports_messages = True

    def stream(self, **options: Any) -> deepgram.SpeechStream:
        stream = super().stream(**options)
        _report_messages(self, stream)
        return stream


class _ReportingFlux(deepgram.STTv2):
    _reports_messages = True

    def stream(self, **options: Any) -> deepgram.SpeechStreamv2:
        stream = super().stream(**options)
        _report_messages(self, stream)
        return stream


def _report_messages(source: stt.STT[Any], stream: Any) -> None:
    process = stream._process_stream_event  # noqa: SLF001 - the plugin drops results without words

    def report(message: dict[str, Any]) -> None:
        source.emit(STT_MESSAGE)
        process(message)

    stream._process_stream_event = report  # noqa: SLF001 - see above


class ConnectedLLM(openai.LLM):
    """OpenAI's LLM that opens its connection when the agent starts, not with the first answer.

    Args:
        connect: Opens the connection.
        is_openai: False for other servers: tools are then described without `strict`, which some servers refuse.
        options: Those of `openai.LLM`.
    """

    def __init__(self, *, connect: Callable[[], Awaitable[None]], is_openai: bool, **options: Any) -> None:
        super().__init__(**options, _strict_tool_schema=is_openai)
        self._connect = connect

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Connect; no-op with a loop, which the framework passes for a new session: that may never start."""
        if loop is None:
            super().prewarm()

    async def aclose(self) -> None:
        """Close its connections."""
        await super().aclose()
        await self._client.close()

    async def _prewarm_impl(self) -> None:
        await self._connect()


def is_released(context: RunContext[Any]) -> bool:
    """Return whether the conversation goes on without waiting for a tool, after its first `context.update()`."""
    return bool(context.function_call.extra.get("__livekit_agents_tool_non_blocking"))

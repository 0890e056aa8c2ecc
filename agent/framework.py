"""Every use of livekit-agents beyond its public interface; the rest of the service calls what is here.

tests/agent/test_framework.py checks each of them against the installed version, so that an upgrade of the framework
which changes one fails there, by name.
"""

import asyncio
from collections.abc import AsyncIterable, Sequence

import aiohttp
from livekit.agents import AgentServer, JobContext
from livekit.agents.job import RunningJobInfo
from livekit.agents.utils import http_context
from livekit.agents.voice.transcription.text_transforms import TextTransforms, _apply_text_transforms
from livekit.protocol import agent

from avatar.http import client_session, proxy_for

__all__ = ["JobServer", "apply_text_transforms", "load_certificates", "plugin_http_session", "set_job_url"]

# The framework's own values for the session that its plugins share.
_CONNECTIONS_PER_HOST = 50
_KEEPALIVE_S = 120


class JobServer(AgentServer):
    """A worker that tells its state, and that can start jobs which LiveKit did not assign."""

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        """Run until `aclose`; see `AgentServer.run`. The connection to LiveKit follows the rule for proxies."""
        # The framework takes HTTPS_PROXY whatever NO_PROXY says, and whatever the URL's scheme is.
        self._http_proxy = proxy_for(self._ws_url) or ""
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

    async def refresh_load(self) -> None:
        """Measure the load now, as the framework does before it answers LiveKit."""
        await self._refresh_worker_load()

    async def launch(self, info: RunningJobInfo) -> None:
        """Start a job; return when a process has it. The launch goes on if the caller is cancelled.

        Raises:
            RuntimeError: No process could be started.
        """
        launching = asyncio.create_task(self._launch(info), name="job_launch")
        # `drain` waits for these tasks before it looks which jobs run.
        self._job_lifecycle_tasks.add(launching)
        launching.add_done_callback(self._job_lifecycle_tasks.discard)
        await asyncio.shield(launching)

    async def _launch(self, info: RunningJobInfo) -> None:
        # Counted in the load until the job runs, so that two launches at once don't exceed the limit.
        self._reserved_slots += 1
        try:
            await self._proc_pool.launch_job(info)
        finally:
            self._reserved_slots -= 1

    async def _queue_msg(self, msg: agent.WorkerMessage) -> None:
        # Without a connection the queue is never read: once it is full, the end of a job would wait for ever.
        if self._conn_task is not None:
            await super()._queue_msg(msg)


def set_job_url(ctx: JobContext, url: str) -> None:
    """Let `ctx.connect()` join the room at this address."""
    ctx._info.url = url  # noqa: SLF001 - the framework has no other way to set it


def load_certificates() -> None:
    """Read the CA certificates for `plugin_http_session`: a fifth of a second that a job should not spend."""
    http_context._create_ssl_context()  # noqa: SLF001 - it is cached in this process


def plugin_http_session() -> aiohttp.ClientSession:
    """Open the HTTP session that plugins share from here on in this task; close it after use.

    The framework's own goes to the proxy of the worker with every request, loopback addresses included.
    """
    connector = aiohttp.TCPConnector(
        limit_per_host=_CONNECTIONS_PER_HOST,
        keepalive_timeout=_KEEPALIVE_S,
        ssl=http_context._create_ssl_context(),  # noqa: SLF001 - falls back to certifi where the system has no CA bundle
    )
    session = client_session(connector=connector)
    http_context._ContextVar.set(lambda: session)  # noqa: SLF001 - else each plugin would have to be given it
    return session


def apply_text_transforms(text: AsyncIterable[str], transforms: Sequence[TextTransforms]) -> AsyncIterable[str]:
    """Transform text as the framework does before it calls an agent's `tts_node`."""
    return _apply_text_transforms(text, transforms)

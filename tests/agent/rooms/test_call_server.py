"""A worker that is not registered with LiveKit: it starts jobs itself, and ends in order."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING

from livekit.agents import JobContext, JobExecutorType
from livekit.protocol import agent

from agent.call_config import CallConfig
from agent.call_config.job import given_in_job
from agent.framework import FullError
from agent.rooms.call_server import CallServer
from agent.rooms.slots import AccountSlots
from agent.settings import Settings
from avatar import HostedRoom
from avatar.sessions.journal import SessionJournal
from tests.avatar.hosting import ROOM, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

HOSTED = HostedRoom(
    session_id="s-1",
    ws_url="ws://theirs.example/ws/secret",
    url="wss://theirs.livekit.cloud",
    name=ROOM,
    client_token=token("client"),
    caller="client",
    agent_token=token("agent"),
    agent="agent",
    started_at=1000.0,
    max_duration=600.0,
)

# Number of messages to LiveKit that the framework queues for a connection.
QUEUED = 128


class Jobs:
    """The contexts of started jobs; each job runs until the test ends it."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[JobContext] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()

    async def run(self, ctx: JobContext) -> None:
        self.loop.call_soon_threadsafe(self.begun.put_nowait, ctx)


async def never(ctx: JobContext) -> None:
    """Run a job; no job is ever assigned."""


def a_server(jobs: Jobs | None = None) -> CallServer:
    """Make a worker without a LiveKit server; its jobs are threads, which start at once."""
    server = CallServer(
        ws_url="", host="127.0.0.1", port=0, num_idle_processes=0, job_executor_type=JobExecutorType.THREAD
    )
    server.rtc_session(never if jobs is None else jobs.run)
    return server


@asynccontextmanager
async def running(server: CallServer) -> AsyncIterator[CallServer]:
    """Run a worker, and close it at the end."""
    started = asyncio.Event()
    server.on("worker_started", started.set)
    task = asyncio.create_task(server.run(unregistered=True, devmode=True))
    await started.wait()
    try:
        yield server
    finally:
        await server.aclose()
        await task


async def test_a_job_is_started_in_the_room(caplog: pytest.LogCaptureFixture) -> None:
    """The job has the room's token; the rest is in its metadata, and no secret is logged."""
    caplog.set_level(logging.DEBUG)
    jobs = Jobs()
    async with running(a_server(jobs)) as server:
        async with server.slot():
            await server.join(HOSTED)
        ctx = await jobs.begun.get()
        active = [job.job.room.name for job in server.active_jobs]
        ctx.shutdown()

    assert HostedRoom.from_json(ctx.job.metadata) == HOSTED
    assert (ctx._info.token, ctx.room.name) == (HOSTED.agent_token, ROOM)
    assert ctx.token_claims().identity == "agent"
    assert active == [ROOM]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    logged = "".join(str(record.__dict__) for record in caplog.records)
    assert not [secret for secret in (HOSTED.ws_url, HOSTED.agent_token, HOSTED.client_token) if secret in logged]


async def has_place(server: CallServer) -> bool:
    """Return True if one more call is accepted."""
    try:
        async with server.slot():
            return True
    except FullError:
        return False


async def test_calls_are_accepted_while_the_worker_runs_and_does_not_drain() -> None:
    """None is accepted before, during a drain, or afterwards."""
    server = a_server()
    before = await has_place(server)
    async with running(server):
        meanwhile = await has_place(server)
        await server.drain(timeout=10)
        draining = await has_place(server)
    afterwards = await has_place(server)

    assert [before, meanwhile, draining, afterwards] == [False, True, False, False]


async def test_a_busy_machine_accepts_no_call() -> None:
    """The framework's load limit holds."""
    server = a_server()
    server.load_fnc = lambda: 1.0
    server.update_options(load_threshold=0.7)
    async with running(server):
        assert not await has_place(server)


async def test_a_reserved_place_is_taken() -> None:
    """Concurrent requests get no more places than there are, and a returned place is free again."""
    server = a_server()
    server.load_fnc = lambda: 0.0
    server.update_options(load_threshold=0.7)
    server._num_idle_processes = 2
    async with running(server), AsyncExitStack() as places:
        taken = await asyncio.gather(
            *(places.enter_async_context(server.slot()) for _ in range(5)), return_exceptions=True
        )
        assert [type(each) for each in taken] == [NoneType, NoneType, FullError, FullError, FullError]
        assert not await has_place(server)
        await places.aclose()

        assert await has_place(server)


async def test_a_drain_ends_with_a_full_message_queue() -> None:
    """The drain drops messages to LiveKit instead of waiting for a connection."""
    async with running(a_server()) as server:
        for _ in range(QUEUED + 1):
            await server._queue_msg(agent.WorkerMessage())
        async with asyncio.timeout(10):
            await server.drain(timeout=0)


async def test_a_job_gets_the_configuration_of_its_call() -> None:
    """It is in the room's metadata, in addition to the room's credentials."""
    jobs = Jobs()
    config = CallConfig(persona="poet")
    async with running(a_server(jobs)) as server:
        async with server.slot():
            await server.join(HOSTED, config)
        ctx = await jobs.begun.get()
        ctx.shutdown()

    assert given_in_job(ctx.job).config == config
    assert HostedRoom.from_json(ctx.job.metadata) == HOSTED


class UsedSlots(AccountSlots):
    """Account slots with a fixed share in use."""

    def __init__(self, used: float) -> None:
        super().__init__(Settings(), SessionJournal(Path("unused")))
        self.used = used

    def load(self) -> float:
        return self.used


async def test_the_load_is_the_largest_of_machine_calls_and_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a share of the limit at which the framework calls a worker full."""
    server = a_server()
    server.update_options(load_threshold=0.5)
    monkeypatch.setattr("livekit.agents.worker._DefaultLoadCalc.get_load", lambda _: 0.2)
    async with running(server):
        server._devmode = False
        loads = []
        for used in (0.1, 0.8):
            server.slots = UsedSlots(used)
            loads.append(server._measure_load())

    assert loads == [0.2, 0.4]


async def test_a_busy_machine_in_development_is_no_full_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiveKit's server would leave callers without an agent; used slots still count, and production has its limit."""
    server = a_server()
    monkeypatch.setattr("livekit.agents.worker._DefaultLoadCalc.get_load", lambda _: 1.0)
    async with running(server):
        server._devmode = True
        server.slots = UsedSlots(0.0)
        busy = server._measure_load()
        server.slots = UsedSlots(1.0)
        full = server._measure_load()
        server._devmode = False
        in_production = server._measure_load()

    assert busy < 1.0
    assert (full, in_production) == (1.0, 1.0)


async def test_a_worker_without_a_slot_accepts_no_call() -> None:
    """This also holds in development, where the framework has no limit."""
    server = a_server()
    async with running(server):
        server.slots = UsedSlots(1.0)
        full = await has_place(server)
        server.slots = UsedSlots(0.9)
        free = await has_place(server)

    assert (full, free) == (False, True)

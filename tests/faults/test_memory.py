"""A job's process that uses too much memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.rooms.call_server import CallServer
from avatar import HostedRoom
from tests.faults.greedy_job import take_memory

if TYPE_CHECKING:
    from livekit.agents.job import RunningJobInfo

HOSTED = HostedRoom(
    session_id="session",
    url="ws://127.0.0.1:1",
    name="call-0123456789abcdef",
    agent="agent",
    agent_token="token",
    client_token="token",
    ws_url="ws://127.0.0.1:1",
    caller="caller",
    started_at=1000.0,
    max_duration=60.0,
)


async def test_a_job_above_the_memory_limit_is_killed_and_reported() -> None:
    """The worker learns which job it was, so that the caller gets another agent; the worker itself survives."""
    server = CallServer(ws_url="", host="127.0.0.1", port=0, num_idle_processes=0, job_memory_limit_mb=200)
    server.rtc_session(take_memory)
    failed = asyncio.get_running_loop().create_future()
    server.on_job_failed = lambda info: _note(failed, info)
    started = asyncio.Event()
    server.on("worker_started", started.set)
    running = asyncio.create_task(server.run(unregistered=True, devmode=True))
    await started.wait()
    async with server.slot():
        await server.join(HOSTED)
    lost = await failed

    assert lost.job.room.name == HOSTED.name
    assert server.is_running
    await server.aclose()
    await running


def _note(failed: asyncio.Future[RunningJobInfo], info: RunningJobInfo) -> None:
    if not failed.done():
        failed.set_result(info)

"""kill -9 in a real call: its caller gets another agent in the same room."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from livekit import rtc

from tests.e2e.test_kills import _job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from demo.processes import Child
    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.ours(reason="a room of LiveAvatar's ends with its session"),
]

# Seconds.
JOINS = 60.0

# Seconds; on an idle machine it takes two or three.
RESUMES = 45.0


# test_resumption.py tests the same, with the conversation.
@pytest.mark.long
async def test_a_caller_whose_agent_is_killed_gets_another_one(stage: Stage, tmp_path: Path) -> None:
    """First the job is killed, then the worker of the next one: another worker takes the call.

    The dead agent is removed from the room at once, so the page doesn't show an agent that no longer listens.
    """
    first, second = {"STATE_DIR": str(tmp_path / "first")}, {"STATE_DIR": str(tmp_path / "second")}
    async with stage.worker(first) as worker, caller(stage, "recovery") as room:
        dead = await agent_in(room, bool)
        os.kill(_job(worker), signal.SIGKILL)
        heir = await agent_in(room, lambda identity: identity != dead, within=RESUMES)
        async with stage.worker(second):
            os.kill(_process(worker), signal.SIGKILL)
            last = await agent_in(room, lambda identity: identity not in {dead, heir}, within=RESUMES)

    assert len({dead, heir, last}) == 3


@asynccontextmanager
async def caller(stage: Stage, name: str) -> AsyncIterator[rtc.Room]:
    """Join a room as a caller."""
    room = rtc.Room()
    ticket = await stage.ticket(name)
    await room.connect(ticket.url, ticket.token)
    try:
        yield room
    finally:
        await room.disconnect()


async def agent_in(room: rtc.Room, is_wanted: Callable[[str], bool], *, within: float = JOINS) -> str:
    """Wait until only one agent is in the room, it is the wanted one, and is ready; return its identity."""
    async with asyncio.timeout(within):
        while True:
            agents = [
                each.identity
                for each in room.remote_participants.values()
                if each.attributes.get("lk.agent.state") in {"listening", "speaking", "thinking"}
            ]
            if len(agents) == 1 and is_wanted(agents[0]):
                return agents[0]
            await asyncio.sleep(0.1)


def _process(worker: Child) -> int:
    """Return the process id of the worker itself: the only child of its keeper."""
    keeper = worker.process.pid
    [pid] = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
    return int(pid)

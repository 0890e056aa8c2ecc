"""Real processes that are paused or killed: another worker takes over, and a process that wakes up exits."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.rooms import dispatch
from agent.rooms.recovery import Recovery
from agent.rooms.witness import asking_agents
from agent.sessions.sweeper import sweeping
from agent.state.fleet import FleetJournal
from agent.state.leases import Leases
from agent.state.redis_state import RedisState
from agent.state.shared_state import open_state
from avatar.sessions.journal import SessionJournal
from avatar.sessions.port import Claim, LeftRoom
from tests.agent.rooms.fake_livekit import agent, people
from tests.agent.rooms.test_witness import AskedLiveKit
from tests.agent.web.web_fakes import settings
from tests.avatar.fakes import KEY, LiteService

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    import pytest

    from tests.agent.state.redis_server import RedisServer

ROOT = Path(__file__).parents[3]
URL = "https://api.example"

# A job with a session, whose event loop is blocked.
PROGRAM = """
import sys, time
from pathlib import Path
from agent.call.job_exit import exit_lost
from agent.settings import Settings
from agent.state.shared_state import open_state
from avatar.sessions.port import LeftRoom

url, directory, service = sys.argv[1:]
settings = Settings(state_url=url, state_dir=Path(directory))
journal = open_state(settings, call=LeftRoom("call-1", "agent-1", "AD_1"), on_lost=exit_lost).journal
journal.add("s-1", api_url=service, room="call-1")
journal.mark_started("s-1")
print("ready", flush=True)
time.sleep(120)
"""


async def test_a_paused_job_is_taken_for_dead_and_ends_when_it_wakes_up(server: RedisServer, tmp_path: Path) -> None:
    """Its lease is renewed while it is blocked; while it is paused, another machine claims its session and room."""
    job = await _start_job(server, tmp_path, URL)
    state = RedisState(server.url)
    leases = Leases(state)
    sweeper = FleetJournal(SessionJournal(tmp_path / "sweeper"), state)
    awake = [await _look(sweeper) for _ in range(25)]
    job.send_signal(signal.SIGSTOP)
    looks = 0
    while not (claim := await _look(sweeper)).entries:
        looks += 1
        for doubted in leases.doubted():
            # Its agent does not answer.
            leases.settle(doubted.owner, lives=False)
    job.send_signal(signal.SIGCONT)
    status = await job.wait()
    state.close()

    assert not any(each.entries or each.rooms for each in awake)
    assert looks > 5
    assert [entry.session_id for entry in claim.entries] == ["s-1"]
    assert claim.rooms == [LeftRoom("call-1", "agent-1", "AD_1")]
    assert status == 1


class FilledLiveKit(AskedLiveKit):
    """A server with an agent that does not answer; a dispatch brings another one."""

    def on_dispatch(self) -> None:
        self.there.append(agent("agent-2"))


async def test_a_lost_nodes_callers_get_another_agent_and_its_session_is_stopped(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's worker removes the dead agent from the room, though LiveKit still shows it."""
    monkeypatch.setattr(dispatch, "_LOOKS_EVERY", 0.05)
    livekit = FilledLiveKit(*people("caller-1"), agent("agent-1"), errors={"agent-1": "deadline_exceeded"})
    vendor = LiteService()
    async with livekit.running(), vendor.running_server() as vendor_url:
        given = settings(
            livekit_url=livekit.url,
            liveavatar_api_key=KEY,
            liveavatar_api_url=vendor_url,
            state_url=server.url,
            state_dir=tmp_path / "worker",
        )
        job = await _start_job(server, tmp_path, given.avatar_service_url)
        recovery = Recovery(given)
        state = open_state(given)
        async with (
            sweeping(given, state.journal, recovery.recover_room) as sweep_now,
            asking_agents(given, state.leases, sweep_now),
        ):
            job.kill()
            await job.wait()
            async with vendor.changed:
                await vendor.changed.wait_for(lambda: vendor.called("stop"))
            await asyncio.gather(*recovery._running.values())
        left = state.journal.entries()
        await recovery.aclose()

    assert (livekit.removed, len(livekit.dispatched)) == (["agent-1"], 1)
    assert [body["session_id"] for body in vendor.called("stop")] == ["s-1"]
    assert left == []


async def _start_job(server: RedisServer, tmp_path: Path, service: str) -> Process:
    job = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, server.url, str(tmp_path / "job"), service),
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )
    assert job.stdout is not None
    assert await job.stdout.readline() == b"ready\n"
    return job


async def _look(sweeper: FleetJournal) -> Claim:
    await asyncio.sleep(0.2)
    return await asyncio.to_thread(sweeper.claim, URL, with_rooms=True)

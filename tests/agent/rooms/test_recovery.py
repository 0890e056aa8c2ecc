"""Calls whose agent has died."""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.protocol import agent as protocol
from livekit.protocol import models

from agent.rooms import dispatch
from agent.rooms.recovery import Recovery
from avatar.sessions.port import LeftRoom
from tests.agent.rooms.fake_livekit import FakeLiveKit, agent, people
from tests.agent.web.web_fakes import settings

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

ROOM = "call-0123456789abcdef"


def a_job(agent_identity: str = "agent-1") -> RunningJobInfo:
    """Make the job of an agent in the room."""
    return RunningJobInfo(
        accept_arguments=JobAcceptArguments(name="", identity=agent_identity, metadata=""),
        job=protocol.Job(id="job-1", dispatch_id="AD_0", room=models.Room(name=ROOM), metadata="for the next one"),
        url="",
        token="",
        worker_id="a-worker",
        fake_job=False,
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look without a pause."""
    monkeypatch.setattr(dispatch, "_GIVE_UP_AFTER", 20.0)
    monkeypatch.setattr(dispatch, "_LOOKS_EVERY", 0.01)


async def over(recovery: Recovery) -> None:
    """Wait until all recoveries have ended."""
    await asyncio.gather(*recovery._running.values())


class FilledLiveKit(FakeLiveKit):
    """A server whose third dispatch brings an agent; before it no worker is registered."""

    def __init__(self) -> None:
        super().__init__(ROOM, [*people("caller-1"), agent("agent-1")])

    def on_dispatch(self) -> None:
        if len(self.dispatched) == 3:
            self.there.append(agent("agent-2"))


async def test_a_killed_job_is_followed_by_another_one() -> None:
    """Agents are dispatched until one has come; the dead one is removed first."""
    async with FilledLiveKit().running() as livekit:
        recovery = Recovery(settings(livekit_url=livekit.url))
        recovery.recover_job(a_job())
        # The sweep has found the same job's session.
        recovery.recover_room(LeftRoom(ROOM))
        await over(recovery)

    assert (livekit.removed, len(livekit.dispatched)) == (["agent-1"], 3)


async def test_a_death_that_is_noticed_twice_is_handled_once() -> None:
    """The worker and the lease may both notice it; it counts once towards the room's limit."""
    async with FilledLiveKit().running() as livekit:
        recovery = Recovery(settings(livekit_url=livekit.url))
        for _ in range(4):
            recovery.recover_job(a_job())
            await over(recovery)
            recovery.recover_room(LeftRoom(ROOM, "agent-1", "AD_0"))
            await over(recovery)

    assert len(livekit.dispatched) == 3


async def test_the_agent_of_a_lost_node_is_removed_from_the_room() -> None:
    """The lease names the agent, so another worker waits for no other sign of its death."""
    async with FilledLiveKit().running() as livekit:
        recovery = Recovery(settings(livekit_url=livekit.url))
        recovery.recover_room(LeftRoom(ROOM, "agent-1", "AD_0"))
        await over(recovery)

    assert (livekit.removed, len(livekit.dispatched)) == (["agent-1"], 3)


async def test_a_room_with_an_unknown_agent_is_watched_until_it_is_empty() -> None:
    """The agent that LiveKit shows may be the dead one, which is dropped after a while."""
    livekit = FakeLiveKit(ROOM, [*people("caller-1"), agent("agent-1")])
    async with livekit.running():
        recovery = Recovery(settings(livekit_url=livekit.url))
        recovery.recover_room(LeftRoom(ROOM))
        await asyncio.sleep(0.05)
        before, livekit.there = len(livekit.dispatched), people("caller-1")
        async with asyncio.timeout(20):
            while not livekit.dispatched:  # noqa: ASYNC110 - a request has no event
                await asyncio.sleep(0.01)
        livekit.there = []
        await over(recovery)

    assert before == 0


async def test_agents_that_die_one_after_another_are_not_replaced_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """Each one starts a paid avatar session; after ten minutes one more is tried."""
    now = 0.0
    async with FakeLiveKit(ROOM).running() as livekit:
        recovery = Recovery(settings(livekit_url=livekit.url), lambda: now)
        for number in range(4):
            recovery.recover_job(a_job(f"agent-{number}"))
            await over(recovery)
        refused = caplog.text.count("it gets no more")
        now = 600.0
        recovery.recover_job(a_job("agent-4"))
        tried = len(recovery._running)
        await over(recovery)

    assert (refused, tried) == (1, 1)


async def test_an_unreachable_livekit_is_asked_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the end the log says that callers have no agent."""
    monkeypatch.setattr(dispatch, "_GIVE_UP_AFTER", 1.0)
    recovery = Recovery(settings())
    recovery.recover_job(a_job())
    await over(recovery)

    assert caplog.text.count("it will be retried") > 1
    assert "callers are without an agent, and no worker has taken the call" in caplog.text


async def test_liveavatars_room_gets_no_other_agent() -> None:
    """It ends with its session."""
    recovery = Recovery(settings(room_owner="liveavatar"))
    recovery.recover_job(a_job())

    assert not recovery._running


async def test_the_end_of_the_worker_ends_the_recovery() -> None:
    """A stopping worker recovers no room."""
    recovery = Recovery(settings())
    recovery.recover_room(LeftRoom(ROOM))
    await recovery.aclose()

    assert not recovery._running

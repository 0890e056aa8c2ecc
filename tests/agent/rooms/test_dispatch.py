"""Dispatching an agent to callers who have none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from livekit import api
from livekit.protocol.agent import Job

from agent.rooms.dispatch import Outcome, bring_agent, livekit_api
from tests.agent.rooms.fake_livekit import FakeLiveKit, agent, avatar, people
from tests.agent.web.web_fakes import settings

ROOM = "call-0123456789abcdef"


async def bring(livekit: FakeLiveKit, **options: Any) -> Outcome:
    """Dispatch an agent to the room."""
    async with livekit.running():
        wanted = settings(livekit_url=livekit.url, livekit_agent_name="nova")
        async with livekit_api(wanted) as client:
            return await bring_agent(client, wanted, ROOM, **options)


def dispatch(seconds_ago: float, *, is_taken: bool) -> api.AgentDispatch:
    """Make a dispatch of this age, in seconds."""
    created_at = int((time.time() - seconds_ago) * 1e9)
    state = api.AgentDispatchState(created_at=created_at, jobs=[Job(id="job-1")] if is_taken else [])
    return api.AgentDispatch(id="AD_0", room=ROOM, state=state)


async def test_callers_without_an_agent_get_one() -> None:
    """The avatar of a former agent does not count as one."""
    livekit = FakeLiveKit(ROOM, [*people("caller-1"), avatar("agent-1")])

    assert await bring(livekit) is Outcome.AGENT_COMES
    assert [(each.room, each.agent_name) for each in livekit.dispatched] == [(ROOM, "nova")]


@pytest.mark.parametrize(
    ("there", "outcome"),
    [
        ([], Outcome.NO_CALLER),
        ([avatar("agent-1")], Outcome.NO_CALLER),
        ([*people("caller-1"), agent("agent-1")], Outcome.AGENT_IS_THERE),
    ],
)
async def test_an_empty_room_and_one_with_an_agent_get_none(there: list[api.ParticipantInfo], outcome: Outcome) -> None:
    """Each agent would start a paid avatar session."""
    livekit = FakeLiveKit(ROOM, there)

    assert await bring(livekit) is outcome
    assert not livekit.dispatched


async def test_a_caller_on_the_way_back_counts() -> None:
    """The room is empty until the caller joins again."""
    livekit = FakeLiveKit(ROOM)

    assert await bring(livekit, is_expected=True) is Outcome.AGENT_COMES
    assert len(livekit.dispatched) == 1


async def test_an_agent_whose_process_has_ended_is_removed() -> None:
    """LiveKit would show it for 20 s in its last state."""
    livekit = FakeLiveKit(ROOM, [*people("caller-1"), agent("agent-1")])

    assert await bring(livekit, dead="agent-1") is Outcome.AGENT_COMES
    assert (livekit.removed, len(livekit.dispatched)) == (["agent-1"], 1)


@pytest.mark.parametrize(
    ("seconds_ago", "is_taken", "dead_dispatch", "asked"),
    [
        (1.0, False, "", 0),
        (10.0, False, "", 1),  # no worker has taken it
        (10.0, True, "", 0),  # its worker is busy
        (60.0, True, "", 1),
        (1.0, True, "AD_0", 1),
    ],
)
async def test_an_agent_on_its_way_is_waited_for(
    seconds_ago: float, is_taken: bool, dead_dispatch: str, asked: int
) -> None:
    """Two requests at the same time get one agent; a dead agent's dispatch does not count."""
    livekit = FakeLiveKit(ROOM, people("caller-1"))
    livekit.dispatches = [dispatch(seconds_ago, is_taken=is_taken)]

    assert await bring(livekit, dead_dispatch=dead_dispatch) is Outcome.AGENT_COMES
    assert len(livekit.dispatched) == asked


def configured(metadata: str, agent_name: str, seconds_ago: float) -> api.AgentDispatch:
    """Make a dispatch with a call's configuration."""
    state = api.AgentDispatchState(created_at=int((time.time() - seconds_ago) * 1e9), jobs=[Job(id="job-1")])
    return api.AgentDispatch(id="AD_0", room=ROOM, agent_name=agent_name, metadata=metadata, state=state)


@pytest.mark.parametrize(("known", "handed_on"), [("", "second"), ("from the job", "from the job")])
async def test_the_next_agent_has_the_configuration_of_the_last_one(known: str, handed_on: str) -> None:
    """It comes from the last agent's job, or from LiveKit's dispatches, even those of other requests."""
    livekit = FakeLiveKit(ROOM, people("caller-1"))
    livekit.dispatches = [
        configured("second", "nova", 90.0),
        configured("first", "nova", 100.0),
        configured("", "nova", 80.0),
        configured("another agent's", "scribe", 70.0),
    ]

    assert await bring(livekit, dead_dispatch="AD_0", metadata=known) is Outcome.AGENT_COMES
    assert [each.metadata for each in livekit.dispatched] == [handed_on]

"""Expired leases: a call is taken over if its agent does not answer, not just because it can't reach Redis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.state.leases import DoubtedCall, Leases
from avatar.sessions.port import LeftRoom
from tests.agent.state.conftest import DEAD, URL, Fleet

if TYPE_CHECKING:
    from agent.state.fleet import FleetJournal

CALL = LeftRoom("call-1", "agent-1", "AD_1")


def start(machines: Fleet, name: str = "a", call: LeftRoom = CALL) -> FleetJournal:
    """Start a call with a session, on its own machine."""
    journal = machines.machine(name, call=call)
    journal.add(f"s-{name}", api_url=URL, room=call.room)
    journal.mark_started(f"s-{name}")
    return journal


def leases(machines: Fleet) -> Leases:
    """Return the leases as another machine sees them."""
    return Leases(machines.machine("worker")._state)


def test_one_worker_asks_and_another_one_when_it_has_died(machines: Fleet) -> None:
    """A call is doubted when its lease has expired, and goes to another worker five seconds later."""
    journal, first, second = start(machines), leases(machines), leases(machines)
    machines.wait(1)
    early = first.doubted()
    machines.wait(2)
    asked = [first.doubted(), second.doubted()]
    machines.wait(6)
    again = second.doubted()

    doubted = DoubtedCall(journal._local.owner, CALL)
    assert (early, asked, again) == ([], [[doubted], []], [doubted])


def test_a_call_that_has_only_lost_redis_goes_on(machines: Fleet) -> None:
    """While its agent answers, nothing of it is claimed, and it keeps its lease afterwards."""
    journal, witness, sweeper = start(machines), leases(machines), machines.machine("sweeper")
    claimed: list[Any] = []
    for _ in range(12):
        machines.wait(5)
        for each in witness.doubted():
            witness.settle(each.owner, lives=True)
        claim = sweeper.claim(URL, with_rooms=True)
        claimed += [*claim.entries, *(claim.rooms or ())]

    assert claimed == []
    assert journal._renew(journal._local.owner) == "renewed"


def test_a_call_whose_agent_does_not_answer_is_taken_over_at_once(machines: Fleet) -> None:
    """Its session and its room are claimed, and its process learns that they are lost."""
    journal, witness, sweeper = start(machines), leases(machines), machines.machine("sweeper")
    machines.wait(5)
    before = sweeper.claim(URL, with_rooms=True)
    [doubted] = witness.doubted()
    witness.settle(doubted.owner, lives=False)
    claim = sweeper.claim(URL, with_rooms=True)

    assert (list(before.entries), before.rooms) == ([], [])
    assert ([entry.session_id for entry in claim.entries], claim.rooms) == (["s-a"], [CALL])
    assert journal._renew(journal._local.owner) == "lost"


def test_a_late_answer_changes_nothing(machines: Fleet) -> None:
    """An owner that has renewed its lease lives; one that is fenced or has ended gets no lease back."""
    renewed, dead, ended = (start(machines, name, LeftRoom(f"call-{name}", "agent-1")) for name in "abc")
    witness, sweeper = leases(machines), machines.machine("sweeper")
    owners = [each._local.owner for each in (renewed, dead, ended)]
    machines.wait(5)
    renewed._renew(owners[0])
    witness.settle(owners[1], lives=False)
    ended.disown()
    witness.settle(owners[0], lives=False)
    witness.settle(owners[1], lives=True)
    witness.settle(owners[2], lives=True)
    claimed = [entry.session_id for entry in sweeper.claim(URL).entries]

    assert sorted(claimed) == ["s-b", "s-c"]
    assert renewed._renew(owners[0]) == "renewed"


def test_a_call_that_no_worker_can_ask_is_dead_after_twenty_seconds(machines: Fleet) -> None:
    """If LiveKit is away too, or the owner has no call, only the lease decides."""
    start(machines)
    start(machines, "b", LeftRoom(""))
    sweeper = machines.machine("sweeper")
    machines.wait(12)
    before = list(sweeper.claim(URL).entries)
    machines.wait(DEAD - 12)

    assert before == []
    assert sorted(entry.session_id for entry in sweeper.claim(URL).entries) == ["s-a", "s-b"]


def test_after_an_outage_a_call_that_is_still_cut_off_is_asked_first(machines: Fleet) -> None:
    """The time after which an owner counts as dead starts with the first doubt, however long Redis was away."""
    start(machines)
    witness, sweeper = leases(machines), machines.machine("sweeper")
    machines.wait(10)
    machines.jump(3600.0)
    machines.wait(6)

    assert list(sweeper.claim(URL).entries) == []
    assert [each.call for each in witness.doubted()] == [CALL]


# Node a, b or c loses Redis, reaches it again, is stopped, goes on, or is lost; Redis fails for all; or nothing
# happens for some seconds.
STEPS = st.one_of(
    st.tuples(st.sampled_from(["cut", "heal", "stop", "go_on", "lose"]), st.integers(0, 2)),
    st.tuples(st.just("outage"), st.sampled_from([3, 3600, -3600])),
    st.tuples(st.just("wait"), st.integers(1, 25)),
)


@dataclass
class Node:
    """A node with one call.

    Attributes:
        name: Name in the call's session.
        owner: Owner of the lease.
        is_lost: True if it is gone for good.
        is_cut: True if it can't reach Redis; it reaches LiveKit.
        is_stopped: True while its processes are paused.
        was_stopped: True if they have ever been paused.
        silent: Seconds for which it has been lost.
        told: Answer to the last renewal.
    """

    name: str
    owner: str
    is_lost: bool = False
    is_cut: bool = False
    is_stopped: bool = False
    was_stopped: bool = False
    silent: int = 0
    told: str = "renewed"

    @property
    def answers(self) -> bool:
        return not self.is_lost and not self.is_stopped

    def take(self, what: str) -> None:
        """Apply an event."""
        self.is_lost |= what == "lose"
        self.is_cut = (self.is_cut or what == "cut") and what != "heal"
        self.is_stopped = (self.is_stopped or what == "stop") and what != "go_on"
        self.was_stopped |= self.is_stopped


class World:
    """Three nodes with a call each, and a worker elsewhere that reaches Redis and LiveKit."""

    def __init__(self, machines: Fleet) -> None:
        self.machines = machines
        journals = [start(machines, name, LeftRoom(f"call-{name}", f"agent-{name}")) for name in "abc"]
        self.nodes = [Node(name, journal._local.owner) for name, journal in zip("abc", journals, strict=True)]
        self.claimed: set[str] = set()
        self._worker = machines.machine("worker")._state

    def take(self, what: str, value: int) -> None:
        """Apply an event to a node, or to all."""
        if what == "outage":
            self.machines.jump(value)
            for node in self.nodes:
                # No worker could notice it.
                node.silent = 0
        elif what == "wait":
            for _ in range(value):
                self.second()
        else:
            self.nodes[value].take(what)
            self.second()

    def second(self) -> None:
        """Let a second pass, in which every process does what it does once a second."""
        self._worker._redis.incrbyfloat("passed", 1.0)
        for node in self.nodes:
            node.silent += node.is_lost
            if node.answers and not node.is_cut:
                node.told = self._worker.run("renew", node.owner, f"call-{node.name}", f"agent-{node.name}", "")
        self._sweep()
        answers = {node.owner: node.answers for node in self.nodes}
        for each in Leases(self._worker).doubted():
            Leases(self._worker).settle(each.owner, lives=answers[each.owner])
        self._sweep()
        self.check()

    def _sweep(self) -> None:
        """Claim sessions; it runs before and after agents are asked, as the two are separate tasks."""
        found = json.loads(self._worker.run("claim", URL, "rooms"))["sessions"] or []
        self.claimed |= {each["session_id"] for each in found}

    def check(self) -> None:
        """Check that living calls keep their sessions, lost nodes' are claimed, and fenced owners learn of it."""
        for node in self.nodes:
            is_claimed = f"s-{node.name}" in self.claimed
            if not node.is_lost and not node.was_stopped:
                assert not is_claimed
                assert node.told != "lost"
            if node.silent > 12:
                assert is_claimed
            if is_claimed and node.answers and not node.is_cut:
                assert node.told == "lost"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=10))
def test_no_living_call_is_taken_over_and_every_lost_one_is(machines: Fleet, steps: list[tuple[str, int]]) -> None:
    """Nodes may be cut off, stopped or lost, and Redis may fail, in any order."""
    with machines.server.client() as client:
        client.flushall()
    for journal in machines.journals:
        journal._local.disown()
    world = World(machines)
    for what, value in steps:
        world.take(what, value)


@pytest.mark.parametrize("last", ["heal", "lose"])
def test_a_cut_off_call_is_not_forgotten(machines: Fleet, last: str) -> None:
    """A node that is lost while it is cut off is noticed like any other."""
    world = World(machines)
    for what, value in (("cut", 0), ("wait", 25), (last, 0), ("wait", 15)):
        world.take(what, value)

    assert world.claimed == ({"s-a"} if last == "lose" else set())

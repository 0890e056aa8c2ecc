"""What every journal promises: one machine's among its processes, and a fleet's among its machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from avatar.sessions.journal import SessionJournal
from tests.agent.state.conftest import DEAD, URL, Fleet

if TYPE_CHECKING:
    from pathlib import Path

    from avatar.sessions.port import Journal


class World(Protocol):
    """Processes that share a journal."""

    def process(self) -> Journal:
        """Start another process."""

    def kill(self, process: Journal) -> None:
        """End a process, and wait until others can notice it."""

    def wait(self, seconds: float) -> None:
        """Let time pass; living processes renew their leases."""


class Machine:
    """One machine, whose processes share a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._now = 1_000_000.0

    def process(self) -> Journal:
        return SessionJournal(self._directory / "state", lambda: self._now)

    def kill(self, process: Journal) -> None:
        process.disown()

    def wait(self, seconds: float) -> None:
        self._now += seconds


class Machines:
    """Several machines with one process each."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._alive: list[Journal] = []

    def process(self) -> Journal:
        process = self._fleet.machine(f"machine-{len(self._alive)}")
        self._alive.append(process)
        return process

    def kill(self, process: Journal) -> None:
        self._alive.remove(process)
        self._fleet.die(process)  # type: ignore[arg-type] # it is one of its own
        self.wait(DEAD)

    def wait(self, seconds: float) -> None:
        self._fleet.wait(seconds, *(each for each in self._fleet.journals if each in self._alive and each._local.owner))


@pytest.fixture(params=["machine", "fleet"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Make each of the two stores."""
    if request.param == "machine":
        return Machine(tmp_path)
    return Machines(request.getfixturevalue("machines"))


def start(journal: Journal, session_id: str = "s-1", room: str = "a-room") -> None:
    """Note a session that was started."""
    journal.add(session_id, api_url=URL, room=room)
    journal.mark_started(session_id)


def claimed(journal: Journal) -> list[str]:
    """Return the sessions that a sweep would stop."""
    claim = journal.claim(URL)
    journal.release(claim)
    return [entry.session_id for entry in claim.entries]


def listed(journal: Journal) -> list[tuple[str, str, str]]:
    """Return the sessions that may run."""
    return [(entry.session_id, entry.room, entry.state) for entry in journal.entries()]


def test_every_process_sees_a_session_from_before_its_start_to_its_stop(world: World) -> None:
    """They see its state, too."""
    owner, other = world.process(), world.process()
    owner.add("s-1", api_url=URL, room="a-room")
    states = [listed(other)]
    owner.mark_started("s-1", 600.0)
    states.append(listed(other))
    owner.mark_stopping("s-1")
    states.append(listed(other))
    owner.mark_stopped("s-1")
    states.append(listed(other))

    assert states == [[("s-1", "a-room", state)] for state in ("made", "started", "stopping")] + [[]]


def test_a_session_is_claimed_when_its_owner_is_dead_and_not_before(world: World) -> None:
    """Any process may claim it, but only one at a time."""
    owner, sweeper, third = world.process(), world.process(), world.process()
    start(owner)
    world.wait(3)
    assert (claimed(sweeper), owner.is_owned(sweeper.entries()[0])) == ([], True)

    world.kill(owner)
    assert not sweeper.is_owned(sweeper.entries()[0])
    claim = sweeper.claim(URL)
    assert [entry.session_id for entry in claim.entries] == ["s-1"]
    assert claimed(third) == []
    sweeper.release(claim)
    assert claimed(third) == ["s-1"]


@pytest.mark.parametrize("noted", [[], ["started"], ["started", "stopping"]])
def test_a_session_whose_note_is_behind_is_stopped(world: World, noted: list[str]) -> None:
    """Its owner died before noting the start, after it, or before noting the stop; a second stop changes nothing."""
    owner, sweeper = world.process(), world.process()
    owner.add("s-1", api_url=URL)
    for what in noted:
        (owner.mark_started if what == "started" else owner.mark_stopping)("s-1")
    world.kill(owner)
    world.wait(3)

    assert claimed(sweeper) == ["s-1"]
    for _ in range(2):
        sweeper.mark_stopping("s-1")
        sweeper.mark_stopped("s-1")
    world.wait(46)
    # A start without an answer may have been on its way.
    assert claimed(sweeper) == ([] if noted else ["s-1"])


def test_a_stop_by_another_process_ends_a_session(world: World) -> None:
    """All processes see its end, and its seconds no longer count."""
    owner, sweeper = world.process(), world.process()
    start(owner)
    world.kill(owner)
    [entry] = sweeper.claim(URL).entries
    sweeper.mark_stopping(entry.session_id)
    sweeper.mark_stopped(entry.session_id)
    used = round(sweeper.seconds_used(0.0, room="a-room"))
    world.wait(10)

    assert sweeper.entries() == []
    assert round(sweeper.seconds_used(0.0, room="a-room")) == used


def test_a_stop_that_failed_is_repeated_after_a_while(world: World) -> None:
    """The first repetition comes after two seconds, the second after four."""
    owner, sweeper = world.process(), world.process()
    start(owner)
    world.kill(owner)
    assert claimed(sweeper) == ["s-1"]
    repeated = []
    for _ in range(2):
        sweeper.mark_stopping("s-1")
        waits = 0
        while not claimed(sweeper):
            world.wait(1)
            waits += 1
        repeated.append(waits)

    assert repeated == [2, 4]


def test_a_stop_that_a_living_owner_gave_up_is_repeated(world: World) -> None:
    """Another process repeats it 15 seconds after the owner's attempt."""
    owner, sweeper = world.process(), world.process()
    start(owner)
    owner.mark_stopping("s-1")
    world.wait(12)
    before = claimed(sweeper)
    world.wait(4)

    assert (before, claimed(sweeper)) == ([], ["s-1"])


def test_a_start_that_may_still_happen_stays_noted(world: World) -> None:
    """Its stop was confirmed before its start was answered, so it may be stopped again for 45 seconds."""
    owner, sweeper = world.process(), world.process()
    owner.add("s-1", api_url=URL)
    world.kill(owner)
    sweeper.mark_stopping("s-1")
    sweeper.mark_stopped("s-1")
    before = len(sweeper.entries())
    world.wait(46)
    sweeper.mark_stopped("s-1")

    assert (before, sweeper.entries()) == (1, [])


def test_another_services_sessions_are_not_claimed(world: World) -> None:
    """A key is valid for one service."""
    owner, sweeper = world.process(), world.process()
    start(owner)
    world.kill(owner)

    assert sweeper.claim("https://other.example").entries == []
    assert claimed(sweeper) == ["s-1"]


def test_seconds_of_all_processes_are_counted(world: World) -> None:
    """They can be limited to a room, a service and a time; a session counts no longer than its maximum duration."""
    first, second = world.process(), world.process()
    start(first, "s-1", "one")
    second.add("s-2", api_url=URL, room="two")
    second.mark_started("s-2", 20.0)
    world.wait(30)
    first.mark_stopped("s-1")
    world.wait(10)

    used = [second.seconds_used(0.0, room=room) for room in ("one", "two", "three")]
    # A fleet's time goes on while the test runs.
    assert used == pytest.approx([30.0, 20.0, 0.0], abs=5.0)
    assert first.seconds_used(0.0, api_url=URL) == pytest.approx(50.0, abs=5.0)
    assert first.seconds_used(0.0, api_url="https://other.example") == 0.0


def test_slots_are_counted_over_all_processes(world: World) -> None:
    """A room keeps its slot until its session ends; an unused slot is free after a minute."""
    first, second = world.process(), world.process()
    taken = [first.take_slot(URL, "one", 2), second.take_slot(URL, "two", 2), first.take_slot(URL, "three", 2)]
    again = second.take_slot(URL, "one", 2)
    start(first, "s-1", "one")
    world.wait(61)
    used = [second.slots_used(URL), second.slots_used(URL, beside="one"), second.slots_used("https://other.example")]
    first.mark_stopping("s-1")
    first.mark_stopped("s-1")

    assert (taken, again) == ([True, True, False], True)
    assert used == [1, 0, 0]
    assert second.slots_used(URL) == 0


def test_a_process_that_disowns_owns_nothing_and_starts_nothing(world: World) -> None:
    """Its sessions are left to the next sweep."""
    owner, sweeper = world.process(), world.process()
    start(owner)
    owner.disown()

    assert claimed(sweeper) == ["s-1"]
    with pytest.raises(Exception, match="starts no session"):
        owner.add("s-2", api_url=URL)

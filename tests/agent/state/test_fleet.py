"""What only a fleet has: leases, fences, and a Redis that fails, pauses, loses its data, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.state import fleet, redis_state
from agent.state.redis_state import StateAwayError
from avatar.sessions.port import JournalError, LeftRoom
from tests.agent.state.conftest import DEAD, URL, Fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.state.fleet import FleetJournal

CALL = LeftRoom("call-1", "agent-1", "AD_1")


@pytest.fixture
def killed(machines: Fleet) -> Iterator[Fleet]:
    """Machines whose Redis runs again after the test."""
    yield machines
    machines.server.resume()
    machines.server.kill()
    machines.server.start()


def start(journal: FleetJournal, session_id: str = "s-1", room: str = "call-1") -> None:
    """Note a session that was started."""
    journal.add(session_id, api_url=URL, room=room)
    journal.mark_started(session_id)


def claimed(journal: FleetJournal) -> list[str]:
    """Return the sessions that a sweep would stop."""
    claim = journal.claim(URL)
    journal.release(claim)
    return [entry.session_id for entry in claim.entries]


def test_the_room_of_a_dead_call_is_given_to_one_worker(machines: Fleet) -> None:
    """The worker also gets the agent to remove, even without a session; once another agent has come, no worker does."""
    job, first, second = machines.machine("a", call=CALL), machines.machine("b"), machines.machine("c")
    heir = machines.machine("d", call=LeftRoom("call-1", "agent-2", "AD_2"))
    job.own()
    machines.wait(3)
    alive = first.claim(URL, with_rooms=True).rooms
    machines.wait(DEAD)
    claim = first.claim(URL, with_rooms=True)
    meanwhile = second.claim(URL, with_rooms=True).rooms
    first.release(claim)
    heir.own()
    machines.wait(11, heir)

    assert (alive, claim.rooms, meanwhile) == ([], [CALL], [])
    assert second.claim(URL, with_rooms=True).rooms == []


def test_a_room_to_which_no_agent_comes_is_given_to_other_workers_for_a_minute(machines: Fleet) -> None:
    """The worker that was to dispatch an agent may have died at any step."""
    job, *workers = (machines.machine(name, call=CALL if name == "a" else None) for name in "abcdefgh")
    job.own()
    machines.wait(DEAD)
    rooms = []
    for worker in workers:
        claim = worker.claim(URL, with_rooms=True)
        worker.release(claim)
        rooms.append(claim.rooms)
        machines.wait(11)

    assert rooms == [[CALL]] * 6 + [[]]


def test_a_process_that_dispatches_no_agents_leaves_rooms_to_others(machines: Fleet) -> None:
    """Such are jobs that stop their session because their worker was killed, and workers that end."""
    job, ending, worker = machines.machine("a", call=CALL), machines.machine("b"), machines.machine("c")
    job.own()
    machines.wait(DEAD)
    left = ending.claim(URL)
    ending.release(left)

    assert left.rooms == []
    assert worker.claim(URL, with_rooms=True).rooms == [CALL]


def test_a_worker_that_dies_between_claim_and_release_leaves_it_to_another(machines: Fleet) -> None:
    """Claimed rooms and sessions can be claimed again after ten seconds."""
    job, first, second = machines.machine("a", call=CALL), machines.machine("b"), machines.machine("c")
    job.own()
    start(job)
    machines.die(job)
    machines.wait(DEAD)
    first.claim(URL, with_rooms=True)
    machines.wait(9)
    before = second.claim(URL, with_rooms=True)
    machines.wait(2)
    after = second.claim(URL, with_rooms=True)

    assert (list(before.entries), before.rooms) == ([], [])
    assert ([entry.session_id for entry in after.entries], after.rooms) == (["s-1"], [CALL])


def test_a_call_that_ends_in_order_needs_no_other_agent(machines: Fleet) -> None:
    """Its lease ends with the call."""
    job, sweeper = machines.machine("a", call=CALL), machines.machine("b")
    job.own()
    name = job._local.owner
    job.disown()
    # A renewal that was on its way.
    late = job._renew(name)
    machines.wait(6)

    assert late == "lost"
    assert sweeper.claim(URL, with_rooms=True).rooms == []


def test_a_paused_owner_that_wakes_up_has_lost_all(machines: Fleet) -> None:
    """It is informed, keeps nothing, and a late note does not make the session its own again."""
    told: list[str] = []
    paused = machines.machine("a", call=CALL, on_lost=lambda: told.append("lost"))
    sweeper = machines.machine("b")
    start(paused)
    machines.wait(DEAD)
    [entry] = sweeper.claim(URL).entries
    sweeper.mark_stopped(entry.session_id)
    assert paused._renew(paused._local.owner) == "lost"
    paused._lose()
    paused.mark_stopping("s-1")
    machines.wait(DEAD)

    assert told == ["lost"]
    assert sweeper.entries() == []
    assert claimed(sweeper) == []


def test_a_start_that_a_paused_owner_sends_late_is_stopped(machines: Fleet) -> None:
    """The session was stopped before its start arrived, and is stopped once more."""
    paused, sweeper = machines.machine("a"), machines.machine("b")
    paused.add("s-1", api_url=URL, room="call-1")
    machines.wait(60)
    [entry] = sweeper.claim(URL).entries
    sweeper.mark_stopping(entry.session_id)
    sweeper.mark_stopped(entry.session_id)
    assert sweeper.entries() == []

    # It wakes up.
    paused._lose()
    assert claimed(sweeper) == ["s-1"]
    sweeper.mark_stopped("s-1")
    # Its start is answered after that stop.
    paused.mark_started("s-1")
    machines.wait(11)
    assert claimed(sweeper) == ["s-1"]
    sweeper.mark_stopped("s-1")
    assert sweeper.entries() == []


def test_a_worker_that_was_taken_for_dead_goes_on_under_another_name(machines: Fleet) -> None:
    """New sessions are its own."""
    worker, sweeper = machines.machine("a"), machines.machine("b")
    start(worker)
    machines.wait(DEAD)
    sweeper.release(sweeper.claim(URL))
    worker._lose()
    start(worker, "s-2", "call-2")

    assert [entry.session_id for entry in sweeper.entries() if sweeper.is_owned(entry)] == ["s-2"]


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_an_outage_or_a_wrong_clock_of_redis_ends_no_lease(machines: Fleet, seconds: float) -> None:
    """Living owners have four seconds to renew their leases; dead ones are claimed afterwards."""
    living, dead, sweeper = machines.machine("a"), machines.machine("b"), machines.machine("c")
    start(living, "s-living", "call-1")
    start(dead, "s-dead", "call-2")
    machines.die(dead)
    machines.jump(seconds)
    during = claimed(sweeper)
    machines.wait(4 + DEAD, living)

    assert during == []
    assert claimed(sweeper) == ["s-dead"]


def test_while_redis_is_away_a_machine_uses_its_own_journal(killed: Fleet) -> None:
    """Sessions are started and stopped; the fleet gets both, and the used seconds, when Redis is back."""
    first, second = killed.machine("a"), killed.machine("b")
    start(first, "s-before", "one")
    killed.server.kill()
    first.mark_stopping("s-before")
    first.mark_stopped("s-before")
    start(first, "s-during", "two")
    seen = [entry.session_id for entry in first.entries()]
    used = first.slots_used(URL), first.take_slot(URL, "three", 1)
    unknown = second.entries()
    killed.server.start()
    first._tell_again()

    assert (seen, used, unknown) == (["s-during"], (1, False), [])
    assert [(entry.session_id, second.is_owned(entry)) for entry in second.entries()] == [("s-during", True)]


def test_a_redis_that_comes_back_gets_the_notes_by_itself(killed: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first renewal of a lease after the outage copies them; renewals go on meanwhile."""
    monkeypatch.setattr(fleet, "_RENEWS_EVERY", 0.05)
    first, second = killed.machine("a"), killed.machine("b")
    first.own()
    killed.server.kill()
    start(first)
    killed.server.start()
    while not (entries := second.entries()):
        pass

    assert [(entry.session_id, second.is_owned(entry)) for entry in entries] == [("s-1", True)]


def test_what_ended_with_its_process_while_redis_was_away_is_told_by_another(killed: Fleet) -> None:
    """The machine's next process copies the notes."""
    first, second = killed.machine("a"), killed.machine("b")
    killed.server.kill()
    start(first, "s-1", "one")
    killed.die(first)
    killed.server.start()
    killed.wait(DEAD)
    heir = killed.machine("a")

    assert second.entries() == []
    assert claimed(heir) == ["s-1"]
    assert [entry.session_id for entry in second.entries()] == ["s-1"]


def test_a_paused_redis_does_not_block_for_long(killed: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request times out after a second, and its note is sent later."""
    monkeypatch.setattr(redis_state, "_TIMEOUT", 1.0)
    first, second = killed.machine("a"), killed.machine("b")
    first.own()
    killed.server.pause()
    start(first)
    assert first._state.is_away
    killed.server.resume()
    killed.wait(3, first)

    assert [entry.session_id for entry in first.entries()] == ["s-1"]
    assert claimed(second) == []


def test_a_redis_that_has_lost_its_data_gets_them_again(killed: Fleet) -> None:
    """Leases and sessions of living owners come back, and no session is claimed."""
    first, second = killed.machine("a", call=CALL), killed.machine("b")
    start(first)
    killed.server.kill()
    killed.server.forget()
    killed.server.start()
    early = claimed(second)
    answer = first._renew(first._local.owner)
    first._tell_again()
    killed.wait(5, first)

    assert (early, answer, claimed(second)) == ([], "new", [])
    assert [(entry.session_id, second.is_owned(entry)) for entry in second.entries()] == [("s-1", True)]


def test_no_session_is_started_without_redis_if_the_setting_says_so(killed: Fleet) -> None:
    """With STATE_AWAY=voice nothing is noted and no session is started; the call goes on by voice."""
    journal = killed.machine("a", starts_alone=False)
    start(journal, "s-1")
    killed.server.kill()
    with pytest.raises(StateAwayError, match="STATE_URL"):
        journal.add("s-2", api_url=URL)

    assert [entry.session_id for entry in journal.entries()] == ["s-1"]


def test_a_fenced_owner_starts_no_session_if_it_may_not_start_alone(machines: Fleet) -> None:
    """Its name is fenced, so it needs a new one first."""
    journal, sweeper = machines.machine("a", starts_alone=False), machines.machine("b")
    start(journal)
    machines.wait(DEAD)
    sweeper.claim(URL)

    with pytest.raises(JournalError, match="taken for dead"):
        journal.add("s-2", api_url=URL)


def test_late_and_repeated_notes_change_nothing(machines: Fleet) -> None:
    """Each note has a number, and an end is final."""
    first, second = machines.machine("a"), machines.machine("b")
    start(first)
    old = first._local.unshared()
    first._local.share_again(3600.0)
    old = first._local.unshared()
    first.mark_stopping("s-1")
    first.mark_stopped("s-1")
    first._put(old)

    assert second.entries() == []


def test_a_lease_is_renewed_for_as_long_as_it_is_owned(machines: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A separate thread renews it, however busy the event loop is; `disown` ends it."""
    monkeypatch.setattr(fleet, "_RENEWS_EVERY", 0.01)
    renewed = Renewals(machines)
    journal = renewed.journal
    journal.own()
    renewed.wait_for(3)
    owner = journal._local.owner
    journal.disown()
    with machines.server.client() as client:
        assert client.zscore("{liveavatar-agent}:owners", owner) is None


class Renewals:
    """A count of the renewals of a lease."""

    def __init__(self, machines: Fleet) -> None:
        self.journal = machines.machine("a", call=CALL)
        self._count = 0
        renew = self.journal._renew

        def count(name: str) -> str:
            self._count += 1
            return renew(name)

        self.journal._renew = count  # type: ignore[method-assign]

    def wait_for(self, count: int) -> None:
        while self._count < count:
            pass

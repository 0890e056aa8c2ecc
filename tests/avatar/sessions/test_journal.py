"""The journal: its entries outlive their owner, and each is given to one sweeper at a time."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.sessions.journal import JournalError, SessionJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL = "https://api.example"


class Clock:
    """Unix time that the test sets."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the time of both journals."""
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[SessionJournal]:
    """Yield the journal of a process that has calls."""
    journal = SessionJournal(tmp_path / "state", clock)
    yield journal
    journal.disown()


@pytest.fixture
def sweeper(journal: SessionJournal, clock: Clock) -> SessionJournal:
    """Return the journal as another process has it."""
    return SessionJournal(journal.directory, clock)


def claimed(sweeper: SessionJournal) -> list[str]:
    """Return the sessions that a sweep would stop."""
    claim = sweeper.claim(URL)
    sweeper.release(claim)
    return [entry.session_id for entry in claim.entries]


def add(journal: SessionJournal, session_id: str = "s-1") -> None:
    """Note a started session."""
    journal.add(session_id, api_url=URL, room="a-room")
    journal.mark_started(session_id)


def test_a_session_is_noted_before_its_start_and_until_its_stop(journal: SessionJournal, clock: Clock) -> None:
    """Each step is on disk at once, and a confirmed stop removes the entry."""
    journal.add("s-1", api_url=URL, room="a-room")
    [made] = journal.entries()
    journal.mark_started("s-1")
    [started] = journal.entries()
    journal.mark_stopping("s-1")
    [stopping] = journal.entries()
    journal.mark_stopped("s-1")

    assert (made.session_id, made.api_url, made.room, made.made_at) == ("s-1", URL, "a-room", clock.now)
    assert [made.state, started.state, stopping.state] == ["made", "started", "stopping"]
    assert journal.entries() == []


def test_the_directory_is_for_its_user_alone(journal: SessionJournal) -> None:
    """Only its user can read the journal's directory."""
    journal.prepare()

    assert stat.S_IMODE(journal.directory.stat().st_mode) == 0o700


def test_a_living_owners_session_is_never_claimed(journal: SessionJournal, sweeper: SessionJournal) -> None:
    """A session can be claimed only when its owner is dead."""
    add(journal)
    assert journal.is_owned(journal.entries()[0])
    assert claimed(sweeper) == []

    journal.disown()

    assert not journal.is_owned(journal.entries()[0])
    assert claimed(sweeper) == ["s-1"]


def test_an_entry_is_claimed_by_one_sweeper_only(journal: SessionJournal, sweeper: SessionJournal) -> None:
    """An entry that one sweeper has claimed is not given to another until it is released."""
    add(journal)
    journal.disown()
    claim = sweeper.claim(URL)

    assert journal.claim(URL).entries == []
    sweeper.release(claim)
    assert claimed(journal) == ["s-1"]


def test_a_failed_stop_is_due_again_with_growing_waits(
    journal: SessionJournal, sweeper: SessionJournal, clock: Clock
) -> None:
    """Stops are tried again after 2, 4, 8, 16, 32 and 32 seconds."""
    add(journal)
    journal.disown()
    waits = []
    for _ in range(6):
        sweeper.mark_stopping("s-1")
        tried_at = clock.now
        while not claimed(sweeper):
            clock.now += 1
        waits.append(clock.now - tried_at)

    assert waits == [2, 4, 8, 16, 32, 32]


def test_a_session_that_a_living_owner_fails_to_stop_can_be_claimed(
    journal: SessionJournal, sweeper: SessionJournal, clock: Clock
) -> None:
    """The session can be claimed once its owner's last attempt to stop it is more than 15 s ago."""
    add(journal)
    journal.mark_stopping("s-1")
    clock.now += 15
    assert claimed(sweeper) == []

    clock.now += 1

    assert claimed(sweeper) == ["s-1"]


def test_a_stop_that_may_have_overtaken_its_start_is_repeated(
    journal: SessionJournal, sweeper: SessionJournal, clock: Clock
) -> None:
    """An unanswered `/start` may take effect for 20 s: after that the session is stopped once more."""
    journal.add("s-1", api_url=URL)
    journal.mark_stopping("s-1")
    journal.mark_stopped("s-1")
    journal.disown()
    assert len(journal.entries()) == 1

    clock.now += 46

    assert claimed(sweeper) == ["s-1"]
    journal.mark_stopped("s-1")
    assert journal.entries() == []


def test_sessions_of_another_service_are_not_claimed(journal: SessionJournal, sweeper: SessionJournal) -> None:
    """A service would confirm the stop of a session that it does not know."""
    journal.add("s-1", api_url="http://127.0.0.1:7900/liveavatar")
    journal.disown()

    assert claimed(sweeper) == []
    assert len(sweeper.entries()) == 1


def test_nothing_is_left_of_dead_owners_without_sessions(journal: SessionJournal, sweeper: SessionJournal) -> None:
    """An owner's lock file is removed with its last session."""
    add(journal)
    journal.disown()
    claimed(sweeper)
    owners = journal.directory / "owners"
    assert len(list(owners.iterdir())) == 1

    sweeper.mark_stopped("s-1")
    claimed(sweeper)

    assert list(owners.iterdir()) == []


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """The error names the directory."""
    (tmp_path / "file").touch()

    with pytest.raises(JournalError, match="file"):
        SessionJournal(tmp_path / "file").prepare()


def test_ended_sessions_are_forgotten_after_forty_days(journal: SessionJournal, clock: Clock) -> None:
    """The file does not grow without limit."""
    add(journal)
    clock.now += 60
    journal.mark_stopped("s-1")
    began = clock.now - 60
    clock.now += 40 * 86_400
    assert journal.seconds_used(began) == 60.0

    add(journal, "s-2")

    assert journal.seconds_used(began) == 0.0


def test_usage_is_counted_per_service_or_in_all(journal: SessionJournal, clock: Clock) -> None:
    """Usage of a stand-in does not count as usage of the real service."""
    add(journal)
    journal.add("s-2", api_url="http://127.0.0.1:7900/liveavatar")
    journal.mark_started("s-2")
    clock.now += 10

    assert journal.seconds_used(0.0) == 20.0
    assert journal.seconds_used(0.0, api_url=URL) == 10.0


Seconds = st.integers(min_value=0, max_value=100)


@dataclass(frozen=True)
class Life:
    """A session that ran for some seconds, and is queried at `later`; the service may limit its duration."""

    limit: int | None
    ran: int
    later: int
    is_stopped: bool


Lives = st.builds(Life, st.none() | st.integers(min_value=1, max_value=100), Seconds, Seconds, st.booleans())


@settings(max_examples=30)
@given(life=Lives, since=Seconds)
def test_a_session_counts_while_it_runs(tmp_path_factory: pytest.TempPathFactory, life: Life, since: int) -> None:
    """Time counts from the start or the queried moment, to the stop, now or the limit, whichever is first."""
    clock = Clock(1000.0)
    journal = SessionJournal(tmp_path_factory.mktemp("state"), clock)
    journal.add("s-1", api_url=URL)
    journal.mark_started("s-1", life.limit)
    clock.now += life.ran
    if life.is_stopped:
        journal.mark_stopped("s-1")
    clock.now += life.later
    journal.disown()

    ended = min(life.ran if life.is_stopped else life.ran + life.later, life.limit or 1000)
    assert journal.seconds_used(1000.0 + since) == max(0, ended - since)


def test_a_process_that_lost_its_ownership_starts_nothing(tmp_path: Path) -> None:
    """A job whose worker is gone starts no session: nothing would stop it."""
    journal = SessionJournal(tmp_path)
    journal.disown()

    with pytest.raises(JournalError, match="about to end"):
        journal.add("one", api_url=URL)
    assert journal.entries() == []


def test_an_adopted_session_is_swept_when_its_new_owner_dies(journal: SessionJournal, sweeper: SessionJournal) -> None:
    """After an adoption the session belongs to the adopter, and its maker can't take it back."""
    maker = SessionJournal(journal.directory, lambda: 1_000_000.0)
    add(maker)
    adopted = journal.adopt("s-1", room="their-room")
    is_taken_back = maker.take_back("s-1")
    while_both_live = claimed(sweeper)
    [entry] = sweeper.entries()
    journal.disown()

    assert (adopted, is_taken_back, while_both_live, entry.room) == (True, False, [], "their-room")
    assert claimed(sweeper) == ["s-1"]
    maker.disown()


def test_a_session_that_was_taken_back_is_not_adopted(journal: SessionJournal) -> None:
    """An adoption after the take-back gets no session: it is being stopped."""
    maker = SessionJournal(journal.directory, lambda: 1_000_000.0)
    add(maker)

    assert maker.take_back("s-1")
    assert not journal.adopt("s-1", room="their-room")
    assert [entry.state for entry in journal.entries()] == ["stopping"]
    maker.disown()


def test_a_session_that_was_not_adopted_is_swept_when_its_maker_dies(
    journal: SessionJournal, sweeper: SessionJournal
) -> None:
    """At each moment a session has an owner."""
    add(journal)
    journal.disown()

    assert claimed(sweeper) == ["s-1"]


@given(st.permutations(["adopt", "take back", "end"]))
def test_a_session_has_one_outcome(steps: list[str]) -> None:
    """A session is adopted or taken back, never both, and neither after its end."""
    with TemporaryDirectory() as directory:
        maker, taker = SessionJournal(Path(directory)), SessionJournal(Path(directory))
        add(maker)
        done: dict[str, Callable[[], bool | None]] = {
            "adopt": lambda: taker.adopt("s-1", room=""),
            "take back": lambda: maker.take_back("s-1"),
            "end": lambda: maker.mark_stopped("s-1"),
        }
        outcomes = {step: done[step]() for step in steps}
        maker.disown()
        taker.disown()

    first = steps[0]  # decides
    assert outcomes["adopt"] == (first == "adopt")
    assert outcomes["take back"] == (first == "take back")

"""Reading the notes of the LiveAvatar stand-in, and the log of a worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.fleet_faults.__main__ import as_row
from benchmarks.fleet_faults.books import Session, doubled, left, read, spoken, wrongly_stopped
from benchmarks.fleet_faults.faults import FAULTS, jobs
from benchmarks.fleet_faults.measure import Result
from benchmarks.fleet_faults.watcher import Watcher
from demo.processes import Child

if TYPE_CHECKING:
    from pathlib import Path

BOOKS = {
    "sessions": [
        {
            "request": {"livekit_config": {"livekit_room": "a"}},
            "started_at": 10.0,
            "ended_at": 30.0,
            "utterances": [{"started_at": 1.0}, {"started_at": 5.0}],
        },
        {
            "request": {"livekit_config": {"livekit_room": "a"}},
            "started_at": 31.0,
            "ended_at": None,
            "utterances": [{"started_at": None}],
        },
        {"request": {"livekit_config": {"livekit_room": "b"}}, "started_at": None, "ended_at": None},
    ]
}

LOG = """\
\x1b[32mINFO\x1b[0m livekit.agents RoomIO linked to participant {"room": "load-1", "pid": 11, "job_id": "AJ_1"}
INFO livekit.agents RoomIO linked to participant {"room": "load-1", "pid": 11, "job_id": "AJ_1"}
INFO agent a caller is there {"room": "load-3", "pid": 13, "job_id": "AJ_3"}
INFO livekit.agents RoomIO linked to participant {"room": "load-2", "pid": 12, "job_id": "AJ_2"}
"""


def test_the_notes_are_read() -> None:
    """A session that never started has no utterances and is not billed; unheard speech is not an utterance."""
    first, second, third = read(BOOKS)

    assert first == Session("a", 10.0, 30.0, 2)
    assert [each.is_running for each in (first, second, third)] == [False, True, False]


def test_utterances_are_counted_by_room() -> None:
    """All sessions of the room count, and none of another room."""
    sessions = [*read(BOOKS), Session("a", 40.0, None, 1)]

    assert (spoken(sessions, "a"), spoken(sessions, "b")) == (3, 0)


def test_sessions_beyond_one_per_call_are_left_over() -> None:
    """Each room with a caller has one; without callers every session is one too many."""
    sessions = [Session("a", 10.0, None), Session("a", 20.0, None), Session("b", 10.0, None), Session("b", 1.0, 9.0)]

    assert left(sessions, {"a", "b"}) == 1
    assert left(sessions, ()) == 3


def test_a_session_is_wrongly_stopped_if_its_call_goes_on() -> None:
    """A session doesn't count if its agent was taken away, or it ended before or never started; its successor does."""
    sessions = [
        Session("healthy", 10.0, 35.0),
        Session("healthy", 36.0, None),
        Session("healthy", 1.0, 9.0),
        Session("struck", 10.0, 25.0),
        Session("struck", 24.0, 40.0),
        Session("never", None, 30.0),
    ]

    assert wrongly_stopped(sessions, {"struck"}, since=20.0) == 2


def test_consecutive_sessions_are_not_doubles() -> None:
    """Sessions of two calls are none either, nor is one that starts while the old one is being stopped."""
    assert doubled(read(BOOKS), 0.0) == 0
    assert doubled([Session("a", 10.0, 30.0), Session("b", 10.0, 30.0)], 0.0) == 0
    assert doubled([Session("a", 10.0, 30.0), Session("a", 28.5, 40.0)], 0.0) == 0


def test_two_sessions_of_one_call_are_a_double() -> None:
    """Each pair counts, even while both run; it counts once, for the fault after which the second session started."""
    assert doubled([Session("a", 10.0, 30.0), Session("a", 25.0, 40.0)], 20.0) == 1
    assert doubled([Session("a", 10.0, None), Session("a", 25.0, None)], 20.0) == 1
    assert doubled([Session("a", 10.0, None), Session("a", 25.0, None)], 26.0) == 0


async def test_the_calls_of_a_worker_are_read_from_its_log(tmp_path: Path) -> None:
    """Each call is read once, with the process of its job, as long as that runs."""
    log = tmp_path / "worker.log"
    process = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    log.write_text(LOG.replace('"pid": 12', f'"pid": {process.pid}'))
    running = jobs(Child("worker", log, process))
    process.kill()
    await process.wait()

    assert running == {"load-2": process.pid}
    assert jobs(Child("worker", log, process)) == {}


async def test_the_watcher_wakes_waiting_tasks() -> None:
    """A waiting task gets the sessions of each poll; False after the time limit."""
    watcher = Watcher()
    waiting = asyncio.create_task(watcher.has(lambda sessions: len(sessions) == 3, within=5.0))
    await asyncio.sleep(0)
    watcher.take(read(BOOKS))

    assert await waiting
    assert not await watcher.has(lambda sessions: not sessions, within=0.0)


def test_each_fault_is_a_row() -> None:
    """A row has the range of the calls' waits; nothing where no agent was taken away."""
    killed = Result("kill -9 of a worker", 6, 3, [5.1, 6.0, 5.5], [9.0, 9.9, 9.5], 0, 0, 0, 0)
    away = Result("Redis killed", 6, 0, [], [], 1, 0, 0, 0)

    assert as_row(killed)[:6] == ("kill -9 of a worker", "6", "3", "5.1 to 6.0 s", "9.0 to 9.9 s", "0")
    assert as_row(away)[2:6] == ("0", "", "", "1")


def test_each_fault_lasts_as_long_as_its_scenario_needs() -> None:
    """LiveKit's dispatch is away for three minutes, a node is frozen for 40 s, Redis for longer than a lease."""
    assert {name: fault.seconds for name, fault in FAULTS.items() if fault.seconds} == {
        "Redis killed": 10.0,
        "Redis paused": 10.0,
        "kill -9 of a worker": 10.0,
        "node frozen": 40.0,
        "dispatch cut": 180.0,
    }

"""What is read from the stand-in's books, and which processes a fault strikes."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.fleet_faults.books import Session, doubled, left, read, spoken
from benchmarks.fleet_faults.faults import processes

BOOKS = {
    "sessions": [
        {
            "request": {"livekit_config": {"livekit_room": "a"}},
            "started_at": 10.0,
            "ended_at": 30.0,
            "utterances": [{}, {}],
        },
        {
            "request": {"livekit_config": {"livekit_room": "a"}},
            "started_at": 31.0,
            "ended_at": None,
            "utterances": [{}],
        },
        {"request": {"livekit_config": {"livekit_room": "b"}}, "started_at": None, "ended_at": None},
    ]
}


def test_the_books_are_read() -> None:
    """A session that never started has no utterances and is not paid for."""
    first, second, third = sessions = read(BOOKS)

    assert first == Session("a", 10.0, 30.0, 2)
    assert [each.is_running for each in (first, second, third)] == [False, True, False]
    assert (spoken(sessions, "a"), spoken(sessions, "b"), left(sessions)) == (3, 0, 1)


def test_sessions_that_follow_each_other_are_no_double() -> None:
    """Nor are those of two calls, or a new one that starts while the old one is being stopped."""
    assert doubled(read(BOOKS)) == 0
    assert doubled([Session("a", 10.0, 30.0, 1), Session("b", 10.0, 30.0, 1)]) == 0
    assert doubled([Session("a", 10.0, 30.0, 1), Session("a", 28.5, 40.0, 1)]) == 0


def test_two_sessions_of_one_call_are_a_double() -> None:
    """Each pair counts, also when both still run."""
    assert doubled([Session("a", 10.0, 30.0, 1), Session("a", 25.0, 40.0, 1)]) == 1
    assert doubled([Session("a", 10.0, None, 1), Session("a", 25.0, None, 1)]) == 1


async def test_the_processes_of_a_session_are_found() -> None:
    """A process and its children, whatever else runs."""
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    await child.stdout.readline()
    found = processes(child.pid)
    await child.communicate(b"\n")

    assert found[0] == child.pid
    assert len(found) == 2
    assert processes(child.pid) == []

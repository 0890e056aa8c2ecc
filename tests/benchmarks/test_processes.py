"""The processes of a worker and their resources, read from Linux for the whole session of processes."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.processes import busy_seconds, command, cpu_seconds, job_memory, processes, thread_seconds, total_memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORK = "import time; x = bytearray(50_000_000); t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\n"

# Forks a process that takes 50 MB, and 0.2 s in its first thread; another thread of the worker takes as much.
WORKER = """
import multiprocessing, threading, time

def work():
    while time.thread_time() < 0.2: pass

def job():
    x = bytearray(b"x") * 50_000_000
    work()
    print(1, flush=True)
    time.sleep(60)

if __name__ == "__main__":
    thread = threading.Thread(target=lambda: (work(), time.sleep(60)), daemon=True)
    thread.start()
    child = multiprocessing.get_context("forkserver").Process(target=job)
    child.start()
    input()
    child.terminate()
"""


async def test_the_processes_of_a_session_are_added_up() -> None:
    """Grandchildren count, and processes that have ended do not."""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORK!r} + 'print(1, flush=True); input()'])"
    async with running(code) as session:
        cpu, memory = cpu_seconds(session), total_memory(session)

    assert cpu >= 0.3
    assert memory >= 45
    assert (cpu_seconds(session), total_memory(session)) == (0.0, 0.0)


async def test_the_processes_of_a_session_are_found() -> None:
    """A process and its children are found, whatever else runs; a process that has ended has none."""
    async with running(
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    ) as session:
        first, second = processes(session)
        commands = command(first), command(second)

    assert first == session
    assert ["subprocess" in text for text in commands] == [True, False]
    assert (processes(session), command(second)) == ([], "")


def test_the_machines_processor_time_grows() -> None:
    """The machine's processor time grows with that of this process."""
    before, began = busy_seconds(), time.process_time()
    while time.process_time() < began + 0.1:
        pass

    assert busy_seconds() - before >= 0.05


async def test_the_memory_of_a_job_is_not_its_workers(tmp_path: Path) -> None:
    """A job is a fork of the forkserver; the worker has more processes."""
    async with running(worker(tmp_path)) as session:
        memory, total = job_memory(session), total_memory(session)

    assert 45 <= memory < total
    assert job_memory(session) == 0.0


async def test_threads_are_distinguished(tmp_path: Path) -> None:
    """Threads differ by their process, and by whether they are its first thread."""
    async with running(worker(tmp_path)) as session:
        seconds = thread_seconds(session)

    assert seconds["job: event loop"] >= 0.1
    assert seconds["worker: Python's other threads"] >= 0.1
    assert seconds.get("job: Python's other threads", 0.0) == 0


def worker(directory: Path) -> str:
    """Return code that runs `WORKER`, which has to be a file to be forked."""
    script = directory / "worker.py"
    script.write_text(WORKER)
    return f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"


@asynccontextmanager
async def running(code: str) -> AsyncIterator[int]:
    """Run Python code as a session of its own; its first line of output marks the start."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    await child.stdout.readline()
    yield child.pid
    await child.communicate(b"\n")

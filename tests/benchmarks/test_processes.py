"""What a worker's processes take is read from Linux, for the whole session of processes."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from benchmarks.processes import cpu_seconds, job_memory, total_memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORK = "import time; x = bytearray(50_000_000); t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\n"

# Forks a process that takes 50 MB.
WORKER = """
import multiprocessing, time

def job():
    x = bytearray(b"x") * 50_000_000
    print(1, flush=True)
    time.sleep(60)

if __name__ == "__main__":
    child = multiprocessing.get_context("forkserver").Process(target=job)
    child.start()
    input()
    child.terminate()
"""


async def test_the_processes_of_a_session_are_added_up() -> None:
    """The child of a child counts, and a process that has ended does not."""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORK!r} + 'print(1, flush=True); input()'])"
    async with running(code) as session:
        cpu, memory = cpu_seconds(session), total_memory(session)

    assert cpu >= 0.3
    assert memory >= 45
    assert (cpu_seconds(session), total_memory(session)) == (0.0, 0.0)


async def test_the_memory_of_a_job_is_not_its_workers(tmp_path: Path) -> None:
    """A job is a fork of the forkserver; the worker beside it has more processes."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    async with running(f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')") as session:
        memory, total = job_memory(session), total_memory(session)

    assert 45 <= memory < total
    assert job_memory(session) == 0.0


@asynccontextmanager
async def running(code: str) -> AsyncIterator[int]:
    """Run Python code as a session of its own, from its first line of output on."""
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

"""What a worker's processes take is read from Linux, for the whole session of processes."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.ear.processes import cpu_seconds, largest_memory

WORK = "import time; x = bytearray(50_000_000); t = time.process_time()\nwhile time.process_time() - t < 0.3: pass\n"


async def test_the_processes_of_a_session_are_added_up() -> None:
    """The child of a child counts, and a process that has ended does not."""
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORK!r} + 'print(1, flush=True); input()'])"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    await child.stdout.readline()
    cpu, memory = cpu_seconds(child.pid), largest_memory(child.pid)
    child.stdin.write(b"\n")
    await child.communicate()

    assert cpu >= 0.3
    assert memory >= 45
    assert (cpu_seconds(child.pid), largest_memory(child.pid)) == (0.0, 0.0)

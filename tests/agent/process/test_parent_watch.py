"""A job whose worker is killed: what it does before it ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# A worker with one job, which ends with its worker as the framework's jobs do, and needs threads after that.
PROGRAM = """
import asyncio, multiprocessing, os, sys, time
from pathlib import Path
from agent.process.parent_watch import end_with_worker
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal

async def recover():
    for _ in range(5):
        await asyncio.sleep(0.1)
        await asyncio.to_thread(print, "recovering", flush=True)

def job(directory):
    settings = Settings(liveavatar_api_key="key", liveavatar_api_url="http://127.0.0.1:1", state_dir=Path(directory))
    end_with_worker(settings, SessionJournal(settings.state_dir), recover)
    print("ready", flush=True)
    multiprocessing.parent_process().join()

if __name__ == "__main__":
    multiprocessing.get_context("forkserver").Process(target=job, args=(sys.argv[1],)).start()
    time.sleep(60)
"""


async def test_a_job_brings_another_agent_before_it_ends(tmp_path: Path) -> None:
    """The process waits for it although its main thread has ended."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), str(tmp_path / "state")),
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert worker.stdout is not None
    first = await worker.stdout.readline()
    worker.kill()
    rest = await worker.stdout.read()
    await worker.wait()

    assert (first, rest) == (b"ready\n", b"recovering\n" * 5)

"""A worker like ours, without LiveKit: `python -m tests.faults.worker <state directory> <url>`.

It starts a job for each room that it reads from its standard input, from a forkserver as the framework does, and prints
the job's process id. It also sweeps.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from pathlib import Path

from pydantic import SecretStr

from agent.sessions.sweeper import open_journal, sweeping
from agent.settings import Settings
from tests.faults import job


async def main(settings: Settings) -> None:
    """Work until the standard input is closed."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.faults.job"])
    async with sweeping(settings, open_journal(settings)):
        while room := (await asyncio.to_thread(sys.stdin.readline)).strip():
            process = processes.Process(target=job.run, args=(settings, room))
            process.start()
            print(process.pid, flush=True)  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    directory, url = sys.argv[1:]
    key = SecretStr("stand-in")
    asyncio.run(main(Settings(liveavatar_api_key=key, liveavatar_api_url=url, state_dir=Path(directory))))

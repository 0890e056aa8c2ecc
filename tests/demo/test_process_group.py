"""Groups of processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from demo.process_group import start_group
from tests.demo.test_processes import is_running, logged, until

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_group_whose_start_is_cancelled_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a process may do much, and start others, before its start is reported."""
    create, log = asyncio.create_subprocess_exec, tmp_path / "log"

    async def create_slowly(*command: str, start_new_session: bool) -> asyncio.subprocess.Process:
        process = await create(*command, start_new_session=start_new_session)
        await logged(log)
        starting.cancel()
        await asyncio.sleep(0.1)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", create_slowly)
    starting = asyncio.create_task(start_group("sh", "-c", f"sleep 600 & echo $! > {log}; wait"))
    with pytest.raises(asyncio.CancelledError):
        await starting

    [pid] = await logged(log)
    await until(lambda: not is_running(int(pid)))


async def test_a_program_that_is_missing_raises_the_error_of_the_system(tmp_path: Path) -> None:
    """The start has no other result."""
    with pytest.raises(FileNotFoundError):
        await start_group(str(tmp_path / "missing"))

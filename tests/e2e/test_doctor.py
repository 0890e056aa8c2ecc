"""`doctor --call` as a person runs it, against the stand-ins on a real LiveKit server."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.stage import ROOT, Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.ours(reason="it makes its own room"),
]


async def run(stage: Stage, tmp_path: Path, *arguments: str) -> tuple[int, str]:
    """Run the doctor; its status and what it printed."""
    env = {**stage.environment, "STATE_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "agent.py",
        "doctor",
        *arguments,
        cwd=ROOT,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_a_call_is_made_and_each_assumption_is_judged(stage: Stage, tmp_path: Path) -> None:
    """It speaks, interrupts, speaks again and stops; nothing runs afterwards, and the recording has no secret."""
    status, output = await run(stage, tmp_path, "--call")
    assert status == 0

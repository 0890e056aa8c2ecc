"""`doctor --call` as a person runs it, against the stand-ins on a real LiveKit server."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.doctor.recorded import RecordedCall, read_recording
from tests.e2e.stage import ROOT, Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.ours(reason="the doctor makes its own room"),
]


@asynccontextmanager
async def doctor(stage: Stage, state_dir: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command; its output is in one stream."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "agent.py",
        "doctor",
        *arguments,
        cwd=ROOT,
        env={**stage.environment, "STATE_DIR": str(state_dir), "PATH": "/usr/bin:/bin"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_call_is_made_judged_and_recorded(stage: Stage, tmp_path: Path) -> None:
    """The doctor's call speaks, interrupts, speaks again and stops, and leaves no session or secret behind."""
    async with doctor(stage, tmp_path, "--call") as process:
        output, _ = await process.communicate()
    session = (await stage.sessions())[-1]
    text, call = _recording(tmp_path)

    assert process.returncode == 0, output.decode()
    assert session["state"] == "ended"
    assert "this was a stand-in" in output.decode()
    assert [each.path.rpartition("/")[2] for each in call.exchanges] == [
        "credits",
        "token",
        "start",
        "keep-alive",
        "stop",
        "stop",
        "credits",
    ]
    assert [each.interrupt is not None for each in call.utterances] == [True, False, False]
    assert [len(call.opened), call.opened[0].closed_by] == [2, "client"]
    assert all(call.noted(f"avatar {what}") for what in ("joined", "track", "audible", "silent", "left"))
    [token] = call.calls_of("/sessions/token")
    assert token.field("livekit_config").keys() == {"livekit_url", "livekit_room", "livekit_client_token"}
    assert all(value.startswith("<redacted:") for value in token.field("livekit_config").values())
    assert not [secret for secret in ("eyJ", session["id"], stage.livekit.api_secret) if secret in text]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_a_call_that_is_interrupted_stops_its_session(stage: Stage, tmp_path: Path, name: signal.Signals) -> None:
    """Ctrl-C and a service manager's signal interrupt the call."""
    async with doctor(stage, tmp_path, "--call") as process:
        await _until(process, "speaking")
        process.send_signal(name)
        output, _ = await process.communicate()
    session = await stage.ended_session()
    _, call = _recording(tmp_path)

    assert process.returncode == 1, output.decode()
    assert "it was interrupted" in output.decode()
    assert "Traceback" not in output.decode()
    assert session["end_reason"] == "USER_CLOSED"
    assert [each.status for each in call.calls_of("/sessions/stop")] == [200]


async def _until(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdout is not None
    async for printed in process.stdout:
        if printed.decode().strip() == line:
            return
    raise AssertionError(line)


def _recording(state_dir: Path) -> tuple[str, RecordedCall]:
    [file] = (state_dir / "recordings").iterdir()
    return file.read_text(), read_recording(file)

"""Reload: a new worker after a change, none after Ctrl-C."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RELOADER = """
import sys
from pathlib import Path
from agent.reload import run_reloading
sys.exit(run_reloading([sys.executable, "-u", "worker.py"], Path.cwd()))
"""

WORKER = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: (print("drained", flush=True), sys.exit(7)))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("started", flush=True)
while True: signal.pause()
"""


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A reloader, and a worker that has started."""
    (tmp_path / "worker.py").write_text(WORKER)
    command = [sys.executable, "-u", "-c", RELOADER]
    process = subprocess.Popen(  # noqa: S603 - our own command line
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the worker as well


def test_a_change_starts_the_worker_anew(reloading: subprocess.Popen[str], tmp_path: Path) -> None:
    """Writing a watched file ends the worker and starts another; a file of no interest does not."""
    assert reloading.stdout is not None
    (tmp_path / "notes.txt").write_text("of no interest")
    (tmp_path / "worker.py").write_text(WORKER.replace('"started"', '"started again"'))

    assert reloading.stdout.readline() == "started again\n"


def test_ctrl_c_lets_the_worker_end_by_itself(reloading: subprocess.Popen[str]) -> None:
    """The worker drains, and its exit status is the reloader's."""
    assert reloading.stdout is not None
    os.killpg(reloading.pid, signal.SIGINT)

    assert reloading.stdout.readline() == "drained\n"
    assert reloading.wait(timeout=20) == 7


def test_a_worker_that_ends_by_itself_ends_the_reloader(reloading: subprocess.Popen[str], tmp_path: Path) -> None:
    """A worker that can't run is not started again and again."""
    (tmp_path / "worker.py").write_text("raise SystemExit(3)")

    assert reloading.wait(timeout=20) == 3

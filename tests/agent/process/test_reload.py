"""Reload: a change starts a new worker, Ctrl-C starts none."""

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
from agent.process.reload import run_reloading
sys.exit(run_reloading([sys.executable, "-u", "worker.py"], Path.cwd(), {"PATH": "", "FROM": "outside"}))
"""

WORKER = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: (print("drained", flush=True), sys.exit(7)))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("started", flush=True)
while True: signal.pause()
"""


SLOW = """
import os, signal, sys, time
def end(*_):
    print("ending", flush=True)
    while not os.path.exists("done"): time.sleep(0.01)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("started", flush=True)
while True: signal.pause()
"""


@pytest.fixture
def first_worker() -> str:
    """Return the code that the worker runs at first."""
    return WORKER


@pytest.fixture
def process(tmp_path: Path, first_worker: str) -> Iterator[subprocess.Popen[str]]:
    """Run a reloader."""
    (tmp_path / "worker.py").write_text(first_worker)
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
        yield process
        with suppress(ProcessLookupError):
            # The group includes the worker.
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def reloading(process: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """Return a reloader whose worker has started."""
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def test_a_change_restarts_the_worker(reloading: subprocess.Popen[str], tmp_path: Path) -> None:
    """A watched file that is written ends the worker and starts another; other files don't."""
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


def test_a_worker_has_the_environment_that_it_is_given(reloading: subprocess.Popen[str], tmp_path: Path) -> None:
    """The reloader's own environment has the values that `.env` had at its start."""
    assert reloading.stdout is not None
    (tmp_path / "worker.py").write_text("import os; print(*sorted(os.environ.keys() - {'LC_CTYPE'}), flush=True)")

    assert reloading.stdout.readline() == "FROM PATH\n"


def test_a_change_that_is_broken_waits_for_the_next(reloading: subprocess.Popen[str], tmp_path: Path) -> None:
    """A file that is saved during an edit does not end the reloader, and is not tried repeatedly."""
    assert reloading.stdout is not None
    (tmp_path / "worker.py").write_text("print('broken', flush=True); raise SystemExit(3)")
    assert reloading.stdout.readline() == "broken\n"
    (tmp_path / "worker.py").write_text(WORKER.replace('"started"', '"mended"'))

    assert reloading.stdout.readline() == "mended\n"


@pytest.mark.parametrize("first_worker", [SLOW])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_a_reload_ends_it(
    reloading: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    """No other worker is started while the previous one is still ending."""
    assert reloading.stdout is not None
    (tmp_path / "worker.py").write_text(WORKER)
    assert reloading.stdout.readline() == "ending\n"
    reloading.send_signal(number)
    (tmp_path / "done").touch()

    assert reloading.wait(timeout=20) == 0
    assert reloading.stdout.read() == ""


@pytest.mark.parametrize("first_worker", ["raise SystemExit(3)"])
def test_a_worker_that_can_not_start_ends_the_reloader(process: subprocess.Popen[str]) -> None:
    """The exit status is the worker's, and no change is waited for."""
    assert process.wait(timeout=20) == 3

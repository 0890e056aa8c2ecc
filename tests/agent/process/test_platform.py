"""The commands on a system that can't run the worker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.process.platform import platform_problem

ROOT = Path(__file__).parents[3]

ON_WINDOWS = """
import runpy, sys
sys.modules["fcntl"] = None
sys.path.insert(0, sys.argv[1])
sys.argv = ["agent.py", *sys.argv[2:]]
try:
    runpy.run_path(sys.argv[0] if sys.path[0] == "" else sys.path[0] + "/agent.py", run_name="__main__")
finally:
    print("livekit" in sys.modules)
"""


@pytest.mark.parametrize(
    "command", ["--help", "dev", "start", "console", "demo", "doctor", "sessions", "download-files"]
)
def test_each_command_says_what_to_do_before_it_imports_anything(command: str, tmp_path: Path) -> None:
    """A missing package is one sentence with status 1, without a traceback."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", ON_WINDOWS, str(ROOT), command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (1, "False")
    assert done.stderr.count("\n") == 1
    assert "WSL 2" in done.stderr
    assert "Docker" in done.stderr


def test_this_system_can_run_the_worker() -> None:
    """Any system with `fork`, signals and `fcntl` can."""
    assert platform_problem() is None

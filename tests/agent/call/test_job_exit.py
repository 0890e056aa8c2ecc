"""A job's process ends, whatever keeps it alive."""

import subprocess
import sys

STUCK = """
import threading
from agent.call.job_exit import exit_within
exit_within(0.2)
threading.Thread(target=threading.Event().wait).start()
"""

FINE = """
from agent.call.job_exit import exit_within
exit_within(3600.0)
"""


def status_of(program: str) -> int:
    """Run a program, and return its exit status."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=False, timeout=50).returncode  # noqa: S603 - our own program


def test_a_process_with_a_thread_that_hangs_is_ended() -> None:
    """The process exits with a status that the worker logs."""
    assert status_of(STUCK) == 1


def test_a_process_that_ends_by_itself_is_not_kept() -> None:
    """The watch does not delay the exit."""
    assert status_of(FINE) == 0

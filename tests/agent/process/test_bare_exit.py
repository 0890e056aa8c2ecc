"""The end of a process that has been in a LiveKit room."""

import subprocess
import sys

_PROGRAM = """
import atexit, os
from agent.process.bare_exit import exit_bare
atexit.register(os.abort)
print("printed", end="")
exit_bare(3)
"""


def test_an_exit_handler_that_aborts_does_not_change_the_status() -> None:
    """The status and what was printed survive a library that aborts when the interpreter ends."""
    result = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own program

    assert (result.returncode, result.stdout) == (3, "printed")

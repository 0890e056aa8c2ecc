"""Runs one command and ends it when the standard input closes: `python keeper.py <grace seconds> <command> ...`.

The demo holds the other end of that input. It closes it to end the command, and the system closes it when the demo is
gone, even killed: so nothing of the demo can be left running. The command gets SIGTERM; what is left of its process
group after the grace time gets SIGKILL. Stands alone, without imports of the project: it must start at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(grace: float, command: list[str]) -> int:
    """Keep the command and give its exit status, 128 + the signal when it was killed."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the demo's own commands
    ending = threading.Event()

    def end_with_the_demo() -> None:
        os.read(0, 1)  # nothing is ever written: this ends when the other end is closed
        ending.set()
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace)
        os.killpg(0, signal.SIGKILL)  # the whole group, this process too

    thread = threading.Thread(target=end_with_the_demo, daemon=True)
    thread.start()
    status = child.wait()
    if ending.is_set():
        thread.join()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))

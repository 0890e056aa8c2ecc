"""The keeper of a command, which it ends when standard input closes: `python keeper.py <grace seconds> <command> ...`.

The demo holds the other end of that input. It closes it to end the command, and the system closes it when the demo
ends, even if it is killed: so no process of the demo is left running. The command gets SIGTERM; after the grace time
the rest of its process group gets SIGKILL. Without imports of the project, since it must start at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


def main(grace: float, command: list[str]) -> int:
    """Run the command, and return its exit status; 128 + the signal if it was killed."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the demo's own commands
    ending = threading.Event()

    def end_with_the_demo() -> None:
        # The demo never writes: this returns when the other end is closed.
        os.read(0, 1)
        ending.set()
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.wait(grace)
        # The whole group, including this process.
        os.killpg(0, signal.SIGKILL)

    thread = threading.Thread(target=end_with_the_demo, daemon=True)
    thread.start()
    status = child.wait()
    if ending.is_set():
        thread.join()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))

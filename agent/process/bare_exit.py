"""Ends a process that has been in a LiveKit room."""

import os
import sys
from typing import NoReturn


def exit_bare(status: int) -> NoReturn:
    """End this process at once, with what it has printed, but without its exit handlers.

    LiveKit's native library panics in its own exit handler and aborts the process, which then has status 134 although
    its work is done: 12 of 30 processes that had listened in a room (livekit 1.1.21), and none of 30 that ended so.

    Args:
        status: The exit status.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)

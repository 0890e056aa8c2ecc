"""Ends the process of a finished job if a thread or a task keeps it alive."""

import logging
import os
import threading
import time

logger = logging.getLogger("agent")

# Seconds for the log to be written.
_FLUSH = 0.5

_FAILED = 1


def exit_within(seconds: float) -> None:
    """End this process after so many seconds, unless it has ended by then.

    A tool that ignores its cancellation, or a thread that waits for a server, would keep the process alive for ever:
    the framework waits for both, and kills a process only when the worker ends.

    Args:
        seconds: From now on.
    """
    threading.Thread(target=_exit_after, args=(seconds,), name="job_exit", daemon=True).start()


def exit_lost() -> None:
    """End this process at once: another worker took it for dead, stopped its session, and may have replaced its agent.

    Anything that this process did now, such as its goodbye or closing the room, would happen in that agent's call. If
    there is no other agent yet, this process's worker brings one, as for every job that fails.
    """
    time.sleep(_FLUSH)
    os._exit(_FAILED)


def _exit_after(seconds: float) -> None:
    time.sleep(seconds)
    logger.error("the job's process did not end by itself and is killed", extra={"after": seconds})
    time.sleep(_FLUSH)
    os._exit(_FAILED)

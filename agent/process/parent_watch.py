"""Ends a job whose worker was killed, after stopping its avatar session, which is billed."""

import asyncio
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Coroutine
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from typing import Any

from agent.sessions.sweeper import sweep_once
from agent.settings import Settings
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")

# Longest time to stop the session, in seconds.
_STOP_TIMEOUT = 8.0

Recover = Callable[[], Coroutine[Any, Any, None]]


def end_with_worker(settings: Settings, journal: Journal, recover: Recover | None = None) -> None:
    """End this job process and its avatar session within eight seconds after its worker was killed.

    The framework cancels the job then, without calling its `on_session_end`. The session is stopped in a thread, so
    that a busy or stuck event loop does not keep it running.

    Args:
        settings: Give access to LiveAvatar.
        journal: Has the session's entry.
        recover: Brings the callers another agent, after the session was stopped; has its own time limit.
    """
    worker = multiprocessing.parent_process()
    if worker is not None:
        watched = (worker, settings, journal, recover)
        threading.Thread(target=_watch, args=watched, name="worker_watch", daemon=True).start()
        Finalize(None, _let_end, args=(worker,), exitpriority=1)


def _watch(worker: BaseProcess, settings: Settings, journal: Journal, recover: Recover | None) -> None:
    worker.join()
    _end(settings, journal, recover)


def _let_end(worker: BaseProcess) -> None:
    """Block the main thread if the event loop ends before `_end`, which ends the process itself.

    The interpreter would wait for a thread that isn't a daemon, but would no longer let it start others, which `_end`
    needs, for example to look up a host's name.
    """
    if not worker.is_alive():
        threading.Event().wait()


def _end(settings: Settings, journal: Journal, recover: Recover | None) -> None:
    try:
        journal.disown()
        asyncio.run(_stop_and_recover(settings, journal, recover))
    finally:
        os._exit(1)


async def _stop_and_recover(settings: Settings, journal: Journal, recover: Recover | None) -> None:
    try:
        await asyncio.wait_for(sweep_once(settings, journal), _STOP_TIMEOUT)
    except TimeoutError:
        logger.warning("the next worker will stop the avatar session of a killed worker")
    if recover is not None:
        await recover()

"""Ends a job whose worker was killed, after stopping its avatar session, which is billed."""

import asyncio
import multiprocessing
import os
import threading
from multiprocessing.process import BaseProcess

from agent.sessions.sweeper import sweep_once
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal

# Seconds to stop the session.
_STOP_TIMEOUT = 8.0


def end_with_worker(settings: Settings, journal: SessionJournal) -> None:
    """End this job process within eight seconds after its worker was killed.

    The framework cancels the job then, without calling its `on_session_end`. The session is stopped in a thread, so
    that a busy or stuck event loop does not keep it running.
    """
    worker = multiprocessing.parent_process()
    if worker is not None:
        threading.Thread(target=_watch, args=(worker, settings, journal), name="worker_watch", daemon=True).start()


def _watch(worker: BaseProcess, settings: Settings, journal: SessionJournal) -> None:
    worker.join()
    # Not a daemon, so that the interpreter waits for it if the event loop ends first.
    threading.Thread(target=_end, args=(settings, journal), name="worker_gone").start()


def _end(settings: Settings, journal: SessionJournal) -> None:
    try:
        journal.disown()
        asyncio.run(asyncio.wait_for(sweep_once(settings, journal), _STOP_TIMEOUT))
    finally:
        os._exit(1)

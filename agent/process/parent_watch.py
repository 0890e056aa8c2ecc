"""A job whose worker was killed: it stops the session that it pays for, and ends."""

import asyncio
import multiprocessing
import os
import threading
from multiprocessing.process import BaseProcess

from agent.sessions.sweeper import sweep_once
from agent.settings import Settings
from avatar.journal import SessionJournal

_TIMEOUT = 8.0


def end_with_worker(settings: Settings, journal: SessionJournal) -> None:
    """See to it that this job process does not outlive its worker by more than 8 s.

    The framework cancels the job then, without calling its `on_session_end`. The work is done in a thread: whatever the
    event loop is busy or stuck with, the session is stopped and the process ends.
    """
    worker = multiprocessing.parent_process()
    if worker is not None:
        threading.Thread(target=_watch, args=(worker, settings, journal), name="worker_watch", daemon=True).start()


def _watch(worker: BaseProcess, settings: Settings, journal: SessionJournal) -> None:
    worker.join()
    # Not a daemon: the interpreter waits for it, should the event loop be done first.
    threading.Thread(target=_end, args=(settings, journal), name="worker_gone").start()


def _end(settings: Settings, journal: SessionJournal) -> None:
    try:
        journal.disown()
        asyncio.run(asyncio.wait_for(sweep_once(settings, journal), _TIMEOUT))
    finally:
        os._exit(1)

"""The command `dev` with reload: runs the worker in a process, restarted when the code or a persona changes."""

import logging
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import watchfiles

logger = logging.getLogger("agent")

# Seconds for a worker to end before a reload; it closes its calls instead of waiting for them to end.
_STOP_TIMEOUT = 15.0

_WATCH_INTERVAL_MS = 200

_WATCHED = {".py", ".toml", ".env"}


def run_reloading(command: Sequence[str], root: Path, environment: Mapping[str, str]) -> int:
    """Run a command, and again after each change below a directory, until it ends by itself or by Ctrl-C.

    A command that fails after a change is started again at the next change, which may fix it.

    Args:
        command: Starts the worker.
        root: The directory to watch.
        environment: The worker's, without the variables that it reads from `.env` itself, since they may change.

    Returns:
        The command's exit status.
    """
    stop = threading.Event()
    worker = _Worker(command, environment, stop)
    # Ctrl-C reaches the worker too, which drains; here it only prevents a restart.
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    for changes in watchfiles.watch(
        root,
        watch_filter=_is_watched,
        stop_event=stop,
        raise_interrupt=False,
        rust_timeout=_WATCH_INTERVAL_MS,
        yield_on_timeout=True,
    ):
        if not worker.is_started:
            worker.start()  # the watch has begun, so no change is missed
        if not changes:
            continue
        changed = sorted({Path(path).name for _, path in changes})
        logger.warning("files changed, restarting the worker: %s", ", ".join(changed))
        worker.restart()
    return worker.wait()


def _is_watched(_: watchfiles.Change, path: str) -> bool:
    return (Path(path).suffix in _WATCHED or Path(path).name == ".env") and not {".venv", ".git"} & set(
        Path(path).parts
    )


class _Worker:
    """The worker's process, and a thread that waits for it to end by itself."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], stop: threading.Event) -> None:
        self._command = command
        self._environment = environment
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None
        self._is_changed = False

    @property
    def is_started(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        self._process = process = subprocess.Popen(self._command, env=self._environment)  # noqa: S603 - our own command line
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def restart(self) -> None:
        if self._process is None:
            return
        previous, self._process = self._process, None
        previous.terminate()
        try:
            previous.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            previous.kill()
            previous.wait()
        self._is_changed = True
        if not self._stop.is_set():
            self.start()

    def terminate(self) -> None:
        self._stop.set()
        if self._process is not None:
            self._process.terminate()

    def wait(self) -> int:
        return 0 if self._process is None else self._process.wait()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        status = process.wait()
        if process is not self._process or self._stop.is_set():
            return
        if status and self._is_changed:
            logger.error("the worker ended with status %d; it will be restarted at the next change", status)
        else:
            self._stop.set()

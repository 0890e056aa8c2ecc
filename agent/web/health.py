"""The worker's state, as `/healthz` and the token endpoint need it."""

from typing import Literal

from agent.framework import JobServer

Status = Literal["ok", "full", "starting", "draining"]


class Health:
    """Follows a worker's state, from before it runs.

    Args:
        server: The worker.
        is_registered: True if LiveKit assigns its calls, so that it takes none before it is registered.
    """

    def __init__(self, server: JobServer, *, is_registered: bool) -> None:
        self._server = server
        self._is_up = False
        server.on("worker_registered" if is_registered else "worker_started", self._come_up)

    @property
    def status(self) -> Status:
        """`ok` when it takes calls; `full` at its load limit; `starting` also while it has lost LiveKit."""
        if self._server.draining:
            return "draining"
        if not self._is_up or self._server.is_connecting:
            return "starting"
        return "ok" if self._server.is_available else "full"

    @property
    def calls(self) -> int:
        """Number of calls that run."""
        return len(self._server.active_jobs) if self._is_up else 0

    def _come_up(self, *_: object) -> None:
        self._is_up = True

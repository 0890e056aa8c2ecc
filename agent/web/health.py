"""Whether the worker takes calls."""

from typing import Literal

from livekit.agents import AgentServer

Status = Literal["ok", "full", "starting", "draining"]


class Health:
    """What a worker says of itself, from before it runs.

    Args:
        server: The worker.
        is_registered: Whether it takes its calls from LiveKit, and so none before LiveKit knows it.
    """

    def __init__(self, server: AgentServer, *, is_registered: bool) -> None:
        self._server = server
        self._is_up = False
        server.on("worker_registered" if is_registered else "worker_started", self._come_up)

    @property
    def status(self) -> Status:
        """`ok` when it takes calls; `full` at its load limit; `starting` also while it has lost LiveKit."""
        if self._server.draining:
            return "draining"
        # The framework tells of a registration, and of nothing when the connection is lost.
        is_connecting = self._server._connecting  # noqa: SLF001 - the only sign of it
        if not self._is_up or is_connecting:
            return "starting"
        # What it answers to LiveKit when it is asked to take a call.
        return "ok" if self._server._is_available() else "full"  # noqa: SLF001 - nothing public tells

    @property
    def calls(self) -> int:
        """How many run."""
        return len(self._server.active_jobs) if self._is_up else 0

    def _come_up(self, *_: object) -> None:
        self._is_up = True

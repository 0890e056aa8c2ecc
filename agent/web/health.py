"""Whether the worker takes calls."""

from typing import Literal

from livekit.agents import AgentServer

Status = Literal["ok", "starting", "draining"]


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
        """`ok` when it takes calls; `starting` also while it has lost LiveKit and tries again."""
        if self._server.draining:
            return "draining"
        # The framework tells of a registration, and of nothing when the connection is lost.
        is_connecting = self._server._connecting  # noqa: SLF001 - the only sign of it
        return "ok" if self._is_up and not is_connecting else "starting"

    @property
    def calls(self) -> int:
        """How many run."""
        return len(self._server.active_jobs) if self._is_up else 0

    def _come_up(self, *_: object) -> None:
        self._is_up = True

"""The state of a worker, for the page's process and for probes."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "full", "starting", "draining"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The state of a worker.

    Attributes:
        status: `ok` when it takes calls; `full` at its limit; `starting` also while it has lost LiveKit.
        calls: Number of running calls.
        reason: For an operator, why it is not ready; empty if it is ready.
    """

    status: Status
    calls: int
    reason: str = ""

    @property
    def is_ready(self) -> bool:
        """True unless it starts, has lost LiveKit, or drains. A full worker is ready: a call may end at any time."""
        return self.status in {"ok", "full"}

"""The state of a worker, for the page's process and for probes."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "full", "starting", "draining"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """The state of a worker.

    Attributes:
        status: `ok` when it takes calls; `full` at its limit; `starting` also while it has lost LiveKit.
        calls: Number of calls that run.
        reason: For an operator, why it is not ready; else empty.
    """

    status: Status
    calls: int
    reason: str = ""

    @property
    def is_ready(self) -> bool:
        """True unless it starts, has lost LiveKit, or drains. A full worker is ready: any of its calls may end."""
        return self.status in {"ok", "full"}

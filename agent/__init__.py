"""The service: a LiveKit Agents worker that hears, thinks and speaks, with an avatar as its face."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.worker import server

__all__ = ["server"]

# onnxruntime, which runs the voice activity detection, reads this on import. Without it, onnxruntime keeps a device id
# and its events on disk, and tries to send them to its vendor. Its own `disable_telemetry_events()` comes too late.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# The framework checks in every process, even idle ones, whether its event loop is blocked: fifty times a second in two
# threads, which is 0.7 CPU seconds a minute for each process. A number of milliseconds turns the check on.
os.environ.setdefault("LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS", "0")


def __getattr__(name: str) -> object:
    """Load the worker on first access, for `lk agent` and `python -m livekit.agents`, which are given agent.py.

    They import `agent` by name, and find this package before the file. Other importers need not load the worker.
    """
    if name != "server":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from agent.worker import server  # noqa: PLC0415 - only when it is asked for

    return server


def __dir__() -> list[str]:
    """List the names of this module, including the worker's: the framework looks for it here first."""
    return [*globals(), *__all__]

"""What this process holds, as Linux tells it."""

from __future__ import annotations

import asyncio
import gc
import sys
from dataclasses import dataclass
from pathlib import Path

_MEGABYTE = 1024  # of the kilobytes in /proc
_SETTLE_POLL = 0.5
_SETTLE_POLLS = 10


@dataclass(frozen=True, slots=True)
class Resources:
    """What is held at one instant.

    Attributes:
        memory: of the process, MB (its resident set).
        blocks: of memory that Python has given to objects, in thousands.
        tasks: of the event loop, without the one that measures.
        descriptors: open files and sockets.
        threads: those of native libraries included.
    """

    memory: float
    blocks: float
    tasks: int
    descriptors: int
    threads: int


async def at_rest() -> Resources:
    """What is held when nothing changes any more: sockets of native libraries are closed a little later."""
    held = _held()
    for _ in range(_SETTLE_POLLS):
        await asyncio.sleep(_SETTLE_POLL)
        before, held = held, _held()
        if (before.tasks, before.descriptors, before.threads) == (held.tasks, held.descriptors, held.threads):
            break
    return held


def _held() -> Resources:
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return Resources(
        memory=int(status["VmRSS"].split()[0]) / _MEGABYTE,
        blocks=sys.getallocatedblocks() / 1000,
        tasks=len(asyncio.all_tasks()) - 1,
        descriptors=len(list(Path("/proc/self/fd").iterdir())) - 1,  # the folder itself is open
        threads=int(status["Threads"]),
    )

"""The resources that this process holds, from Linux's /proc."""

from __future__ import annotations

import asyncio
import gc
import sys
from dataclasses import dataclass
from pathlib import Path

# In kilobytes, the unit of /proc.
_MEGABYTE = 1024
_SETTLE_POLL = 0.5
_SETTLE_POLLS = 10


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources held at one instant.

    Attributes:
        memory: The process's resident set, in MB.
        blocks: Blocks of memory that Python has given to objects, in thousands.
        tasks: Tasks of the event loop, without the one that measures.
        descriptors: Open files and sockets.
        threads: Threads, including those of native libraries.
    """

    memory: float
    blocks: float
    tasks: int
    descriptors: int
    threads: int


async def at_rest() -> Resources:
    """Return the resources once they no longer change: native libraries close their sockets a little later."""
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
        # Without the folder itself, which is open meanwhile.
        descriptors=len(list(Path("/proc/self/fd").iterdir())) - 1,
        threads=int(status["Threads"]),
    )

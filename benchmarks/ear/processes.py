"""What the processes of a worker take, as Linux tells it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")

# Fields of /proc/PID/stat behind the command's name (proc(5), less two): the session, and the times.
_SESSION, _UTIME, _STIME = 3, 11, 12


def cpu_seconds(session: int) -> float:
    """Add up the processor time of the processes of a session that run."""
    return sum(int(fields[_UTIME]) + int(fields[_STIME]) for fields in _stats(session).values()) / _TICKS


def largest_memory(session: int) -> float:
    """Give the megabytes that the largest process of a session has for itself."""
    return max((_private(pid) for pid in _stats(session)), default=0.0)


def _stats(session: int) -> dict[int, list[str]]:
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = file.read_text().rpartition(")")[2].split()
            if int(fields[_SESSION]) == session:
                found[int(file.parent.name)] = fields
    return found


def _private(pid: int) -> float:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
    return 0.0

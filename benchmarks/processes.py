"""The processes of a worker, and their processor time and memory, from Linux's /proc."""

from __future__ import annotations

import gc
import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")

# Indices of fields in /proc/PID/stat after the command's name (those of proc(5), less three): parent, session, times.
_PARENT, _SESSION, _UTIME, _STIME = 1, 3, 11, 12

# Purposes of threads, by the 15 characters that Linux keeps of their names. Python's threads have the program's name.
_PURPOSES = {
    "SyntheticAudioD": "decoding and mixing what is received",
    "VideoDecoderQue": "decoding pictures",
    "tokio-rt-worker": "LiveKit's library",
    "python": "Python's other threads",
}
_OTHER_THREADS = "WebRTC's other threads"

# Part of the command of the process from which Python forks others.
_FORKSERVER = "multiprocessing.forkserver"


def freeze_imports() -> None:
    """Keep imported objects out of garbage collection, as the framework does in the process that jobs are forked from.

    Otherwise a collection visits some 170,000 objects, and blocks the event loop for a fifth of a second.
    """
    gc.collect()
    gc.freeze()


def processes(session: int) -> list[int]:
    """Return the running processes of a session, the oldest first."""
    return sorted(_stats(session))


def command(pid: int) -> str:
    """Return the arguments of a process, separated by NUL; empty once it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def cpu_seconds(session: int) -> float:
    """Add up the processor time of the running processes of a session."""
    return sum(int(fields[_UTIME]) + int(fields[_STIME]) for fields in _stats(session).values()) / _TICKS


def thread_seconds(session: int) -> dict[str, float]:
    """Add up the processor time of the running threads in a session, by process and purpose."""
    seconds = defaultdict[str, float](float)
    for pid in processes(session):
        process = "job" if is_job(pid) else "worker"
        for task in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            # The thread may have ended meanwhile.
            with suppress(OSError):
                name, fields = _stat(task / "stat")
                purpose = "event loop" if task.name == str(pid) else _PURPOSES.get(name, _OTHER_THREADS)
                seconds[f"{process}: {purpose}"] += (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS
    return seconds


def busy_seconds() -> float:
    """Add up the busy processor time of the whole machine since it was started."""
    user, nice, system, _, _, *rest = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
    return (user + nice + system + sum(rest)) / _TICKS


def is_job(pid: int) -> bool:
    """Return whether a process is a job of a worker: a fork of its forkserver."""
    with suppress(OSError):
        _, fields = _stat(Path(f"/proc/{pid}/stat"))
        return _FORKSERVER in command(int(fields[_PARENT]))
    return False


def job_memory(session: int) -> float:
    """Return the megabytes that the largest job of a worker does not share."""
    return max((_megabytes(pid, "Private_") for pid in filter(is_job, processes(session))), default=0.0)


def total_memory(session: int) -> float:
    """Return the megabytes that the processes of a session use together; pages that they share count once."""
    return sum(_megabytes(pid, "Pss:") for pid in _stats(session))


def _stats(session: int) -> dict[int, list[str]]:
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        # The process may have ended meanwhile.
        with suppress(OSError):
            _, fields = _stat(file)
            if int(fields[_SESSION]) == session:
                found[int(file.parent.name)] = fields
    return found


def _stat(file: Path) -> tuple[str, list[str]]:
    """Read the name of a process or a thread, and the fields behind it."""
    name, _, fields = file.read_text().partition("(")[2].rpartition(")")
    return name, fields.split()


def _megabytes(pid: int, field: str) -> float:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
    return 0.0

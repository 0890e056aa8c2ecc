"""The metrics of job processes, which prometheus_client keeps in files of a shared directory.

The client never removes the files of processes that have ended. A worker has a process for each call, so a scrape would
read more with every call. Here the counts of ended processes are added up in one file for each kind of metric.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

# Takes the place of the process id in a file's name.
_ENDED = "ended"

_ADDED_UP = {"counter", "histogram", "summary"}


def is_alive(process: int) -> bool:
    """Return whether a process runs on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def collect(directory: Path, is_alive: Callable[[int], bool] = is_alive) -> Iterable[Metric]:
    """Return the sums of all processes; call it from one thread at a time.

    Args:
        directory: PROMETHEUS_MULTIPROC_DIR of the processes, or a parent of it.
        is_alive: Tells whether a process runs.
    """
    for path in [*directory.rglob("*.db")]:
        kind, _, process = path.stem.rpartition("_")
        if process != _ENDED and not is_alive(int(process)):
            _add_up(path, directory / f"{kind}_{_ENDED}.db", is_kept=kind in _ADDED_UP)
    metrics: Iterable[Metric] = MultiProcessCollector.merge(map(str, directory.rglob("*.db")))  # type: ignore[no-untyped-call]
    return metrics


def _add_up(ended: Path, total: Path, *, is_kept: bool) -> None:
    """Add the file of an ended process to the total, and remove it; gauges of ended processes are dropped."""
    if is_kept:
        with closing(MmapedDict(str(total))) as sums:  # type: ignore[no-untyped-call]
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(ended)):  # type: ignore[no-untyped-call]
                sums.write_value(key, sums.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
    ended.unlink()

"""Counts of processes that have ended stay, and their files are removed."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from prometheus_client.mmap_dict import MmapedDict

from agent.metrics import shared

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = """
import os
from prometheus_client import Counter, Gauge, Histogram
Counter("calls", "Calls.", ["reason"]).labels("left").inc()
Histogram("wait", "Waits.", buckets=(1.0, 2.0)).observe(1.5)
Gauge("active", "Active.", multiprocess_mode="livesum").inc()
os._exit(9)
"""


def note(path: Path, value: float) -> None:
    """Write the file of a process that has counted this value."""
    with closing(MmapedDict(str(path))) as values:  # type: ignore[no-untyped-call]
        values.write_value(json.dumps(["calls", "calls_total", {}, "Calls."]), value, 0.0)  # type: ignore[no-untyped-call]


def samples(directory: Path, *alive: int) -> dict[str, float]:
    """Return the sums of all processes; these are alive."""
    families = shared.collect(directory, lambda process: process in alive)
    return {
        f"{sample.name}{sample.labels.get('le', '')}": sample.value for family in families for sample in family.samples
    }


def test_counts_of_killed_processes_are_merged_into_one_file_per_kind(tmp_path: Path) -> None:
    """Three killed processes have counted three calls, and none of them is active."""
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(3):
        subprocess.run([sys.executable, "-c", COUNTS], env=env, check=False)  # noqa: S603 - Python itself
    assert len(list(tmp_path.iterdir())) == 9

    told = samples(tmp_path)

    assert told == {
        "calls_total": 3.0,
        "wait_bucket1.0": 0.0,
        "wait_bucket2.0": 3.0,
        "wait_bucket+Inf": 3.0,
        "wait_count": 3.0,
        "wait_sum": 4.5,
    }
    assert {path.name for path in tmp_path.iterdir()} == {"counter_ended.db", "histogram_ended.db"}
    assert samples(tmp_path) == told


def test_a_running_process_keeps_its_file(tmp_path: Path) -> None:
    """It goes on counting in its file, and the sum includes it."""
    note(tmp_path / "counter_11.db", 2.0)
    note(tmp_path / "counter_12.db", 5.0)

    assert samples(tmp_path, 12) == {"calls_total": 7.0}
    assert {path.name for path in tmp_path.iterdir()} == {"counter_ended.db", "counter_12.db"}

    note(tmp_path / "counter_12.db", 6.0)

    assert samples(tmp_path) == {"calls_total": 8.0}


def test_the_page_and_the_jobs_count_in_separate_folders(tmp_path: Path) -> None:
    """Their counts are added up."""
    (tmp_path / "jobs").mkdir()
    note(tmp_path / "counter_11.db", 2.0)
    note(tmp_path / "jobs" / "counter_12.db", 5.0)

    assert samples(tmp_path, 11) == {"calls_total": 7.0}
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == []


def test_this_process_is_alive_and_an_ended_one_is_not() -> None:
    """The operating system is asked without sending a signal."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    assert shared.is_alive(ended.pid)
    ended.wait()

    assert not shared.is_alive(ended.pid)

"""Modules that are loaded before the jobs' processes are forked."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Prints whether a fork after the worker's preloads has voice activity detection, how many threads the preloads have
# started, and whether the fork has the client of the fleet's Redis.
FORK = """
import os, sys
from importlib import import_module

import agent.worker
from agent.conversation.pipeline import load_vad

threads = len(os.listdir("/proc/self/task"))
for module in agent.worker._PRELOADED:
    import_module(module)
started = len(os.listdir("/proc/self/task")) - threads
if os.fork() == 0:
    print(load_vad.cache_info().currsize, started, load_vad().min_silence_duration, "redis" in sys.modules, flush=True)
    os._exit(0)
os.wait()
"""


def test_a_forked_job_waits_for_no_import() -> None:
    """Voice activity detection and the Redis client are loaded before the fork, and start no thread it would lack."""
    command = [sys.executable, "-c", FORK]
    environment = os.environ | {"STATE_URL": "redis://127.0.0.1:1/0"}
    printed = subprocess.check_output(command, text=True, cwd=ROOT, env=environment, timeout=50)  # noqa: S603 - our own

    assert printed.split() == ["1", "0", "0.3", "True"]

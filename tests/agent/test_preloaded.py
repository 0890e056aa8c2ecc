"""What the jobs' processes are forked with."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Prints whether a fork of a process with the worker's preloads has voice activity detection, and the threads beside it.
FORK = """
import os
from importlib import import_module

import agent.worker
from agent.conversation.pipeline import load_vad

threads = len(os.listdir("/proc/self/task"))
for module in agent.worker._PRELOADED:
    import_module(module)
started = len(os.listdir("/proc/self/task")) - threads
if os.fork() == 0:
    print(load_vad.cache_info().currsize, started, load_vad().min_silence_duration, flush=True)
    os._exit(0)
os.wait()
"""


def test_a_forked_job_has_voice_activity_detection_loaded() -> None:
    """The model is loaded before the fork, and loading it starts no thread that a fork would lack."""
    command = [sys.executable, "-c", FORK]
    printed = subprocess.check_output(command, text=True, cwd=ROOT, timeout=50)  # noqa: S603 - our own command

    assert printed.split() == ["1", "0", "0.3"]

"""Counts the calls that a test's event loop runs in threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class CountingThreads(ThreadPoolExecutor):
    """The threads of an event loop.

    Attributes:
        calls: Number of calls so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Count a call, and run it in a thread."""
        self.calls += 1
        return super().submit(fn, *args, **kwargs)


def count_thread_calls() -> CountingThreads:
    """Count the calls that the running event loop runs in threads from now on."""
    threads = CountingThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    return threads

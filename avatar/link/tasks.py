"""Tasks of an executor that are kept until they end, and can all be cancelled."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger("avatar")


class Tasks:
    """Background tasks, referenced as long as they run."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self, work: Coroutine[Any, Any, None], name: str, on_failure: Callable[[Exception], None]
    ) -> asyncio.Task[None]:
        """Run a coroutine in the background.

        Args:
            work: The coroutine.
            name: The task's name.
            on_failure: Called with an exception that `work` did not handle, after it was logged.
        """
        task = asyncio.create_task(_guard(work, name, on_failure), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step never begins the coroutine.
        task.add_done_callback(lambda _: work.close())
        return task

    async def aclose(self, limit: float) -> None:
        """Cancel all running tasks, and wait for them up to `limit` seconds."""
        tasks = list(self._tasks)
        for task in tasks:
            # A task that is being cancelled already cleans up.
            if not task.cancelling():
                task.cancel()
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=limit)
            for task in pending:
                logger.warning("work for the avatar did not end in time", extra={"task": task.get_name()})


async def _guard(work: Coroutine[Any, Any, None], name: str, on_failure: Callable[[Exception], None]) -> None:
    try:
        await work
    except Exception as error:
        logger.exception("work for the avatar failed", extra={"task": name})
        on_failure(error)

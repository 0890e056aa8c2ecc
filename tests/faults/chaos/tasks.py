"""The tasks of each call, where several calls share an event loop."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

T = TypeVar("T")

# The seed of the call to which the context belongs.
SEED: ContextVar[int | None] = ContextVar("seed", default=None)


class Tasks:
    """A task factory that keeps track of each call's tasks."""

    def __init__(self) -> None:
        self._made: dict[int, WeakSet[asyncio.Task[Any]]] = {}

    def __call__(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, T] | Generator[Any, None, T],
        /,
        **options: Any,
    ) -> asyncio.Task[T]:
        """Make a task of the call in this context."""
        task = asyncio.Task(work, loop=loop, **options)
        if (seed := SEED.get()) is not None:
            self._made.setdefault(seed, WeakSet()).add(task)
        return task

    def left(self, seed: int) -> list[asyncio.Task[Any]]:
        """Return the unfinished tasks of a call, except the current one."""
        return [task for task in self._made.get(seed, ()) if not task.done() and task is not asyncio.current_task()]

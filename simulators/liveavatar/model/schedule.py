"""Work that is due at an instant."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Schedule:
    """A queue of actions by the instant at which they are due; those of one instant keep their order."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()

    def at(self, instant: float, action: Callable[[float], None]) -> None:
        """Schedule `action(instant)` for `instant`."""
        heapq.heappush(self._heap, (instant, next(self._numbers), action))

    def next_at(self) -> float | None:
        """Return when the next action is due."""
        return self._heap[0][0] if self._heap else None

    def run(self, now: float) -> None:
        """Run the actions due at `now`, including those that they make due."""
        while self._heap and self._heap[0][0] <= now:
            instant, _, action = heapq.heappop(self._heap)
            action(instant)

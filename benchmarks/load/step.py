"""The cost of a number of calls at a time, and whether the machine kept up with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from benchmarks.figures import Plugin

# A turn this many times as long as one of the smallest step means that callers wait for the machine.
_SLOWER: Final = 2.0


@dataclass(slots=True)
class Step:
    """The cost of a number of calls at a time.

    Attributes:
        plugin: The plugin of the workers.
        calls: Calls at a time, on all workers together.
        joins: Seconds from a caller's join to the first word, of each call.
        turns: Seconds from the end of a question to the answer's first sound.
        missed: Number of calls and questions without an answer.
        cores: Processor cores that the workers used, on average.
        machine: Cores that were busy on the whole machine at the same time.
        memory: Megabytes that all processes of the workers used together; pages that they share count once.
        idle_memory: The same before the step.
    """

    plugin: Plugin
    calls: int
    joins: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    missed: int = 0
    cores: float = 0.0
    machine: float = 0.0
    memory: float = 0.0
    idle_memory: float = 0.0

    def keeps_up(self, smallest: Step) -> bool:
        """Return whether every question was answered, in less than twice the time of the smallest step."""
        if self.missed or not self.turns or not smallest.turns:
            return False
        return median(self.turns) < _SLOWER * median(smallest.turns)

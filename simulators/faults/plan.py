"""Decides which faults strike, and when: the same seed and the same occasions give the same strikes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, TypeVar

from simulators.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.vendors import Vendor

# Most times that are kept of one fault's strikes.
RECORDED_STRIKES = 1000

AFault = TypeVar("AFault", bound=Fault)


@dataclass(slots=True)
class Armed:
    """A fault that waits for its occasions.

    Attributes:
        fault: The fault.
        occasions: Number of occasions so far.
        struck: Number of strikes.
        struck_at: Unix times of the latest strikes, in seconds.
    """

    fault: Fault
    _random: Random = field(repr=False)
    occasions: int = 0
    struck: int = 0
    struck_at: deque[float] = field(default_factory=lambda: deque(maxlen=RECORDED_STRIKES))

    def meets(self, now: float) -> bool:
        """Decide whether the fault strikes at its next occasion."""
        self.occasions += 1
        if self.occasions < self.fault.nth or self.struck == self.fault.times:
            return False
        if self._random.random() >= self.fault.probability:
            return False
        self.struck += 1
        self.struck_at.append(now)
        return True


class FaultPlan:
    """The armed faults.

    Args:
        faults: Faults that are armed at the start.
        seed: Seed of the random numbers.
    """

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self.arm(faults, seed=seed)

    def arm(self, faults: Sequence[Fault], *, seed: int = 0) -> None:
        """Arm these faults instead of the armed ones."""
        self.seed = seed
        # Each draws from its own source, so that one more fault in the list does not change the others.
        self.armed = [
            Armed(fault, Random(f"{seed} {index}"))  # noqa: S311 - to be repeatable, not secret
            for index, fault in enumerate(faults)
        ]

    def disarm(self) -> None:
        """Disarm all faults."""
        self.arm(())

    def strike(self, vendor: Vendor, place: str, family: type[AFault], *, now: float) -> list[AFault]:
        """Decide which faults strike at an occasion.

        Args:
            vendor: Vendor of the stand-in.
            place: The request or the moment.
            family: Faults that can strike there.
            now: Unix time in seconds, for the record.

        Returns:
            The faults that strike, in the order in which they were armed.
        """
        return [
            armed.fault
            for armed in self.armed
            if isinstance(armed.fault, family)
            and armed.fault.vendor == vendor
            and armed.fault.is_due_at(place)
            and armed.meets(now)
        ]

"""Which faults strike, and when: repeatable, since the same seed and the same occasions give the same strikes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, TypeVar

from simulators.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.vendors import Vendor

# Instants kept of a fault that strikes every time.
RECORDED_STRIKES = 1000

AFault = TypeVar("AFault", bound=Fault)


@dataclass(slots=True)
class Armed:
    """A fault that waits for its occasions.

    Attributes:
        fault: what is to happen.
        occasions: how many there were.
        struck: how often it did.
        struck_at: when, Unix seconds; the latest.
    """

    fault: Fault
    _random: Random = field(repr=False)
    occasions: int = 0
    struck: int = 0
    struck_at: deque[float] = field(default_factory=lambda: deque(maxlen=RECORDED_STRIKES))

    def meets(self, now: float) -> bool:
        """Decide about its next occasion."""
        self.occasions += 1
        if self.occasions < self.fault.nth or self.struck == self.fault.times:
            return False
        if self._random.random() >= self.fault.probability:
            return False
        self.struck += 1
        self.struck_at.append(now)
        return True


class FaultPlan:
    """The faults that are armed.

    Args:
        faults: armed from the start.
        seed: of all that is left to chance.
    """

    def __init__(self, faults: Sequence[Fault] = (), *, seed: int = 0) -> None:
        self.arm(faults, seed=seed)

    def arm(self, faults: Sequence[Fault], *, seed: int = 0) -> None:
        """Arm these in place of what was armed."""
        self.seed = seed
        # Each draws from its own source, so that one more fault in the list does not change the fate of the others.
        self.armed = [
            Armed(fault, Random(f"{seed} {index}"))  # noqa: S311 - to be repeatable, not secret
            for index, fault in enumerate(faults)
        ]

    def disarm(self) -> None:
        """Let nothing more strike."""
        self.arm(())

    def strike(self, vendor: Vendor, place: str, family: type[AFault], *, now: float) -> list[AFault]:
        """Meet an occasion.

        Args:
            vendor: at whose stand-in.
            place: the call or the moment.
            family: what can happen there.
            now: Unix seconds, for the record.

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

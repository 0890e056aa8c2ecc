"""All measures, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from benchmarks import barge_ins, feeding, fidelity, joining, reactions, uplink
from benchmarks.cpu.measure import SPEEDS
from benchmarks.cpu.measure import measure as measure_cpu
from benchmarks.opening.measure import measure as measure_opening
from benchmarks.sampling import sampling
from simulators.liveavatar import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from benchmarks.figures import Figure
    from benchmarks.sampling import Sampling

# Takes a number of samples, and summarizes them.
Measure: TypeAlias = "Callable[[int, Sampling], Awaitable[list[Figure]]]"

# A quick run takes a tenth of the samples.
_QUICK = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One measure of the run.

    Attributes:
        title: Its description, for the progress bar.
        measure: Runs it.
        samples: Number of samples.
        advances: How often the progress advances for each sample, both plugins together.
        also: How often the progress advances in addition, whatever the number of samples.
    """

    title: str
    measure: Measure
    samples: int
    advances: int
    also: int = 0

    @property
    def total(self) -> int:
        """How often the progress advances in total."""
        return self.samples * self.advances + self.also


def steps(*, quick: bool = False) -> list[Step]:
    """Return the measures of a run."""
    scale = _QUICK if quick else 1
    return [
        Step("random barge-ins, in every dialect", barge_ins.measure, 120 // scale, 2 * len(DIALECTS)),
        Step("clear_buffer and pause to silence", reactions.measure_silence, 60 // scale, 3),
        Step("50 barge-ins in 20 s", reactions.measure_storm, 50 // scale, 0, also=2 * reactions.STORMS),
        Step("slow, fast and uneven TTS", feeding.measure, max(5 // scale, 1), 2 * len(feeding.SPEEDS)),
        Step("two segments back to back", joining.measure, max(20 // scale, 1), 2),
        Step("interrupts on a slow uplink", uplink.measure, max(20 // scale, 2), 2),
        Step("CPU time of a minute of speech", measure_cpu, max(3 // scale, 1), 2 * len(SPEEDS)),
        Step("join to first word", measure_opening, max(5 // scale, 1), 3),
        Step("sample rates and channels", fidelity.measure, max(10 // scale, 1), 2, also=2 * len(fidelity.FORMATS)),
    ]


async def run(todo: Iterable[Step], advance: Callable[[Step], None]) -> tuple[list[Figure], Sampling]:
    """Run the measures one after the other; `advance` is called for each sample that was taken."""
    figures: list[Figure] = []
    async with sampling() as samples:
        for step in todo:
            samples.advance = partial(advance, step)
            figures += await step.measure(step.samples, samples)
    return figures, samples

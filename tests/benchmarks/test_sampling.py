from __future__ import annotations

from benchmarks.sampling import Sampling


class Disturbed:
    """A sample during whose first `times` attempts the event loop is blocked."""

    def __init__(self, samples: Sampling, times: int) -> None:
        self._samples = samples
        self._times = times
        self.taken = 0

    async def __call__(self) -> int:
        self.taken += 1
        self._samples._stalls += self.taken <= self._times
        return self.taken


async def test_a_disturbed_sample_is_repeated() -> None:
    """The first undisturbed sample counts, and the disturbance is reported once."""
    samples = Sampling()
    advanced: list[None] = []
    samples.advance = lambda: advanced.append(None)

    assert await samples.take(Disturbed(samples, 2)) == 3

    assert (samples.repeated, samples.disturbed, len(advanced)) == (2, 0, 1)


async def test_a_sample_that_is_always_disturbed_counts_in_the_end() -> None:
    """The number of attempts is limited."""
    samples = Sampling()

    assert await samples.take(Disturbed(samples, 9)) == 4

    assert (samples.repeated, samples.disturbed) == (3, 1)


async def test_take_once_takes_a_sample_as_it_is() -> None:
    """Counts do not depend on time."""
    samples = Sampling()

    assert await samples.take_once(Disturbed(samples, 9)) == 1

    assert (samples.repeated, samples.disturbed) == (0, 0)

"""Two voices mixed into one track, on one timeline. Pure: every time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from demo.call.levels import RATE_HZ, Samples

# Samples by which an arrival may differ from the end of the voice's last one: less is the jitter of a busy machine.
TOLERANCE: Final = RATE_HZ // 10

# Samples that are held at most, waiting for the other voice; later ones are lost.
HELD: Final = 2 * RATE_HZ


@dataclass(slots=True)
class Mixer:
    """A mixer of voices whose samples come in order, and roughly on time.

    Attributes:
        started_at: The time of the first sample, in monotonic seconds; older samples are left out.
        position: Samples returned so far.
    """

    started_at: float
    position: int = 0
    _held: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(HELD, np.int32))
    _ends: dict[str, int] = field(default_factory=dict)

    def push(self, voice: str, samples: Samples, ended_at: float) -> None:
        """Add a voice's samples; `ended_at` is the time of the last one."""
        wanted = round((ended_at - self.started_at) * RATE_HZ) - len(samples)
        goes_on = self._ends.get(voice, wanted)
        start = goes_on if abs(wanted - goes_on) <= TOLERANCE else max(wanted, goes_on)
        self._ends[voice] = start + len(samples)
        begin, end = (min(max(edge - self.position, 0), HELD) for edge in (start, start + len(samples)))
        offset = begin + self.position - start
        self._held[begin:end] += samples[offset : offset + end - begin]

    def pull(self, until: float) -> Samples:
        """Return the mixed samples from the end of the last call's up to `until`."""
        count = min(max(round((until - self.started_at) * RATE_HZ) - self.position, 0), HELD)
        mixed = self._held[:count].clip(-32768, 32767).astype(np.int16)
        self._held = np.concatenate([self._held[count:], np.zeros(count, np.int32)])
        self.position += count
        return mixed

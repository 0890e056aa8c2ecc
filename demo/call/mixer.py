"""Two voices on one timeline: what arrives when, mixed into one track. Pure: every instant is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from demo.call.levels import RATE_HZ, Samples

# Samples by which an arrival may differ from where the voice goes on: less is the jitter of a busy machine.
TOLERANCE: Final = RATE_HZ // 10

# Samples that are held at most, waiting for the other voice; what comes later than that is lost.
HELD: Final = 2 * RATE_HZ


@dataclass(slots=True)
class Mixer:
    """Mixes voices that each come in order, about in time.

    Attributes:
        started_at: The instant of the first sample, in monotonic seconds; what is older is left out.
        position: Samples given out so far.
    """

    started_at: float
    position: int = 0
    _held: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(HELD, np.int32))
    _ends: dict[str, int] = field(default_factory=dict)

    def push(self, voice: str, samples: Samples, ended_at: float) -> None:
        """Add what a voice said; `ended_at` is the instant of its last sample."""
        wanted = round((ended_at - self.started_at) * RATE_HZ) - len(samples)
        goes_on = self._ends.get(voice, wanted)
        start = goes_on if abs(wanted - goes_on) <= TOLERANCE else max(wanted, goes_on)
        self._ends[voice] = start + len(samples)
        begin, end = (min(max(edge - self.position, 0), HELD) for edge in (start, start + len(samples)))
        offset = begin + self.position - start
        self._held[begin:end] += samples[offset : offset + end - begin]

    def pull(self, until: float) -> Samples:
        """Give what was mixed from where the last one ended up to this instant."""
        count = min(max(round((until - self.started_at) * RATE_HZ) - self.position, 0), HELD)
        mixed = self._held[:count].clip(-32768, 32767).astype(np.int16)
        self._held = np.concatenate([self._held[count:], np.zeros(count, np.int32)])
        self.position += count
        return mixed

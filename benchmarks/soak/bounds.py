"""The bounds for the resources that a run may hold in the end, and their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.soak.trend import Bound, trend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.soak.trend import Sample, Trend

# Share of a run that is left out: caches, pools and the allocator's arenas fill during its first calls.
WARM_UP = 0.2

BOUNDS = (
    Bound("tasks", "", 0, 0, "a call leaves none"),
    Bound("descriptors", "", 0, 0, "a call leaves none"),
    Bound("threads", "", 2, 0, "pools of native libraries take another when they are busy, and keep it"),
    Bound("blocks", "thousand", 2, 0.02, "a session that is kept holds some thousand of them"),
    Bound(
        *("memory", "MB", 8, 0.03),
        "8 MB for the allocator's arenas; a call captures 0.2 MB of speech, and a seventh of that may be left of it",
    ),
)


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """Return the trends of all measures after the warm-up; none for a run that was too short."""
    warm = samples[round(len(samples) * WARM_UP) :]
    return [trend(warm, bound) for bound in BOUNDS] if len(warm) >= 3 else []  # noqa: PLR2004 - thirds

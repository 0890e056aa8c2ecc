"""The progress that is shown while the LiveKit server is built."""

from __future__ import annotations

from demo.build_progress import BuildProgress


def test_counts_grow_with_the_output_of_go() -> None:
    """Downloads count as modules, other lines as packages; Go's own remarks as neither."""
    progress = BuildProgress("LiveKit server", stage="building", started_at=100.0)
    for line in ("go: downloading a v1", "go: downloading b v2", "go: finding module", "internal/abi", ""):
        progress.hear(line)

    assert progress.describe(165.4) == "LiveKit server, 1:05 building: 2 modules, 1 packages"

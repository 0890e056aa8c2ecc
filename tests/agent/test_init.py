"""The package sets variables that libraries read on import."""

from livekit.agents.telemetry.loop_monitor import LoopMonitorThresholds

import agent


def test_event_loops_are_not_measured_by_default() -> None:
    """The measurement would run fifty times a second, even in idle processes."""
    assert agent.__all__
    assert LoopMonitorThresholds.from_env() is None

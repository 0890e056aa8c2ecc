"""The package sets what libraries read when they are imported."""

from livekit.agents.telemetry.loop_monitor import LoopMonitorThresholds

import agent


def test_no_process_measures_its_event_loop_unless_asked_to() -> None:
    """Fifty times a second, in idle processes too."""
    assert agent.__all__
    assert LoopMonitorThresholds.from_env() is None

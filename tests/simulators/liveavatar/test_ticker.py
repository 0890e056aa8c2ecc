"""The stand-in's clock."""

from __future__ import annotations

import pytest

from simulators.liveavatar.ticker import MAX_LATE_SECONDS, Ticker


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_ticks_keep_the_rate_when_one_is_a_little_late() -> None:
    """A late tick does not delay the next one."""
    clock = Clock()
    ticker = Ticker(0.04, clock=clock)
    for now in (100.1, 100.1):  # both beats are due by then, so neither is waited for
        clock.now = now
        await ticker.tick()

    assert ticker.now == pytest.approx(100.1)


async def test_time_stands_still_when_the_loop_stalls() -> None:
    """Seconds in which the event loop was blocked are left out and counted, and time never goes back."""
    clock = Clock()
    ticker = Ticker(0.04, clock=clock)
    clock.now = 105.0
    assert ticker.now == pytest.approx(100.04 + MAX_LATE_SECONDS)

    await ticker.tick()
    assert ticker.now == pytest.approx(100.04 + MAX_LATE_SECONDS)
    assert ticker.stalled_seconds == pytest.approx(105.0 - ticker.now)

"""Moments: which events were seen, and how often."""

import asyncio

from agent.doctor.moments import Moments


async def test_a_wait_ends_with_a_later_moment() -> None:
    """It can also wait for more of them than there were."""
    moments = Moments()
    moments.saw("audible")
    waiting = asyncio.create_task(moments.wait_for("audible", more_than=1, within=20.0))
    await asyncio.sleep(0)
    assert not waiting.done()
    moments.saw("silent")
    moments.saw("audible")

    assert await waiting
    assert (moments.count("audible"), moments.count("silent"), moments.count("left")) == (2, 1, 0)


async def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    """The wait returns at once."""
    moments = Moments()
    moments.saw("connected")

    assert await moments.wait_for("connected", within=20.0)


async def test_a_moment_that_does_not_come_is_given_up() -> None:
    """The wait returns False after the set time."""
    assert not await Moments().wait_for("connected", within=0.01)

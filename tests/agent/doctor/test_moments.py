"""Moments: what has been seen, and how often."""

import asyncio

from agent.doctor.moments import Moments


async def test_one_waits_for_what_is_seen_later() -> None:
    """And for more of it than there was."""
    moments = Moments()
    moments.saw("audible")
    waiting = asyncio.create_task(moments.wait_for("audible", more_than=1, within=20.0))
    await asyncio.sleep(0)
    assert not waiting.done()
    moments.saw("silent")
    moments.saw("audible")

    assert await waiting
    assert (moments.count("audible"), moments.count("silent"), moments.count("left")) == (2, 1, 0)


async def test_what_was_seen_before_is_not_waited_for() -> None:
    """A moment that has passed is returned at once."""
    moments = Moments()
    moments.saw("connected")

    assert await moments.wait_for("connected", within=20.0)


async def test_what_does_not_come_is_given_up() -> None:
    """After the set time."""
    assert not await Moments().wait_for("connected", within=0.01)

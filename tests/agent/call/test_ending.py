"""The end of a call: every step runs, whatever the others do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from agent.call.ending import Ending, Farewell, Step, run_steps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

SOON = 0.02
LONG = 60.0


class Steps:
    """Steps that record when they begin."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def step(self, name: str, then: Callable[[], Awaitable[object]] | None = None, deadline: float = LONG) -> Step:
        """Return a step that runs this action, or none."""

        async def run() -> None:
            self.begun.append(name)
            if then is not None:
                await then()

        return Step(name, run, deadline)


async def hang() -> None:
    """Never return."""
    await asyncio.Event().wait()


async def hang_on() -> None:
    """Return after a while, also when cancelled."""
    for _ in range(3):
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            continue


async def fail() -> None:
    """Fail."""
    message = "it does not work"
    raise RuntimeError(message)


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (hang, "a step of the call's end did not finish in time"),
        (hang_on, "a step of the call's end did not finish in time"),
        (fail, "a step of the call's end failed"),
    ],
)
async def test_a_step_that_hangs_or_fails_does_not_stop_the_next(
    then: Callable[[], Awaitable[object]], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A step that hangs or fails is named in the log, and the next step runs."""
    steps = Steps()
    await run_steps([steps.step("first"), steps.step("bad", then, SOON), steps.step("last")])

    assert steps.begun == ["first", "bad", "last"]
    [record] = caplog.records
    assert (record.getMessage(), record.__dict__["step"]) == (told, "bad")


class Ended:
    """The end of a call, and the messages it sent."""

    def __init__(self, *steps: Step) -> None:
        self.farewells: list[Farewell] = []
        self.told: list[str] = []
        self._steps = steps
        self.ending = Ending(self._make, on_begin=lambda: self.told.append("begin"), on_end=self.told.append)

    def _make(self, farewell: Farewell) -> tuple[Step, ...]:
        self.farewells.append(farewell)
        return self._steps


async def test_a_call_ends_once_for_the_first_reason() -> None:
    """A second request to end the call waits for the same end."""
    steps = Steps()
    ended = Ended(steps.step("only"))
    ended.ending.begin("its minutes are used up", Farewell.GOODBYE)
    ended.ending.begin("the caller has left")
    assert (ended.told, ended.ending.has_begun) == (["begin"], True)
    assert ended.ending.reason == "its minutes are used up"
    await asyncio.gather(ended.ending.wait(), ended.ending.wait())

    assert ended.farewells == [Farewell.GOODBYE]
    assert steps.begun == ["only"]
    assert ended.told == ["begin", "its minutes are used up"]


async def test_a_cancelled_wait_does_not_cancel_the_end() -> None:
    """A job that is cancelled while it waits leaves the end running."""
    steps = Steps()
    is_free = asyncio.Event()
    ended = Ended(steps.step("slow", is_free.wait), steps.step("last"))
    ended.ending.begin("the worker ends")
    waiting = asyncio.create_task(ended.ending.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    is_free.set()
    await ended.ending.wait()

    assert steps.begun == ["slow", "last"]


async def test_waiting_for_an_end_that_has_not_begun_returns() -> None:
    """A call that is not ending has nothing to wait for."""
    ended = Ended()
    await ended.ending.wait()

    assert not ended.ending.has_begun

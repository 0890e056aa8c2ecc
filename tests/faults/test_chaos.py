"""Calls with random faults: each keeps every promise. `CHAOS_SEED=17` repeats one of them."""

from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from avatar.core import Timings, machine
from simulators.liveavatar import service
from tests.faults.chaos.call import Call
from tests.faults.chaos.promises import broken
from tests.faults.chaos.script import REFUSALS, SESSIONS, SOCKETS, script
from tests.faults.chaos.tasks import Tasks
from tests.faults.chaos.wire import Wiretap

if TYPE_CHECKING:
    from collections.abc import Iterable

CALLS = 100
TOGETHER = 12

# Timeouts for a service that answers within milliseconds.
PATIENCE = Timings(connected=1.0, first_speech=1.0, speech=1.0, end=0.5, interrupt=0.3)

SEEDS = [int(os.environ["CHAOS_SEED"])] if "CHAOS_SEED" in os.environ else range(CALLS)


async def hold_calls(seeds: Iterable[int]) -> list[Call]:
    """Hold the calls of these seeds, some at a time."""
    tasks, places = Tasks(), asyncio.Semaphore(TOGETHER)
    asyncio.get_running_loop().set_task_factory(tasks)

    async def hold(seed: int) -> Call:
        call = Call(script(seed))
        async with places:
            await call.hold()
            await asyncio.sleep(0)
            call.tasks = tasks.left(seed)
        return call

    return await asyncio.gather(*(hold(seed) for seed in seeds))


def open_sockets() -> int:
    """Return the sockets of this process; other descriptors may belong to threads and event loops started meanwhile."""
    gc.collect()
    targets = [str(descriptor.readlink()) for descriptor in Path("/proc/self/fd").iterdir() if descriptor.is_symlink()]
    return sum(target.startswith("socket:") for target in targets)


@pytest.mark.timeout(240)
async def test_every_promise_is_kept_under_random_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments end once and where they were heard to, nothing is said after an interrupt, nothing is left."""
    monkeypatch.setattr(machine, "Timings", lambda: PATIENCE)
    monkeypatch.setattr(service, "ServiceModel", Wiretap)
    raised: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(context))
    sockets = open_sockets()

    calls = await hold_calls(SEEDS)
    async with asyncio.timeout(10):
        while open_sockets() > sockets:  # noqa: ASYNC110 - the peer closes too, without an event
            await asyncio.sleep(0.1)

    found = [f"CHAOS_SEED={call.script.seed}: {what}\n{call.script}" for call in calls for what in broken(call)]
    assert not found, "\n".join(found)
    assert raised == []


def test_a_seed_always_gives_the_same_script_and_all_seeds_every_fault() -> None:
    """A call can be repeated alone, and no fault is left out."""
    drawn = [fault for seed in range(CALLS) for fault in script(seed).faults]

    assert script(17) == script(17)
    assert {fault["kind"] for fault in drawn} == {fault["kind"] for fault in (*REFUSALS, *SOCKETS, *SESSIONS)}

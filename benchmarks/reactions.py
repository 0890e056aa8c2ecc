"""How fast the avatar falls silent, and whether it survives many barge-ins."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Plugin, mean, side_by_side, spread, total
from benchmarks.speech import Pace, synthesise, tone
from benchmarks.stage import Stage, open_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.call import Call
    from benchmarks.sampling import Sampling

# Calls at the same time, of each plugin: few, so that they do not wait for each other.
_LANES = 4

_PACE = Pace(speed=10.0)
_REACTION_TIMEOUT = 1.0
_POLL = 0.005

_STORM = 50
_STORM_SECONDS = 20.0
# Calls at the same time, of each plugin.
STORMS = 4

# Seconds of the segment after the storm.
_LAST = 2.0

_AGREEMENT = 0.25


async def measure_silence(samples: int, sampling: Sampling) -> list[Figure]:
    """Measure the time from `clear_buffer` and `pause` to the stand-in's command, at which it falls silent."""
    async with open_stage() as stage:
        cleared = await side_by_side(partial(_silence, stage, samples, sampling, _clear))
        paused = await _silence(stage, samples, sampling, _pause, Plugin.OURS)
    return [
        *spread("silence", "clear_buffer to silence", "ms", cleared),
        *spread("silence", "pause to silence (official: has none)", "ms", type(cleared)([], paused)),
    ]


def _clear(call: Call) -> None:
    call.barge_in(flushed=True)


def _pause(call: Call) -> None:
    call.voice.pause()


async def _silence(
    stage: Stage, samples: int, sampling: Sampling, silence: Callable[[Call], None], plugin: Plugin
) -> list[float]:
    """Return reaction times in milliseconds, without attempts that led to no interrupt."""

    async def lane(number: int) -> list[float]:
        random = Random(number)  # noqa: S311 - the same in every run
        async with stage.call(plugin) as call:
            reaction = partial(_reaction, call, silence, random)
            reactions = [await sampling.take(reaction) for _ in range(number, samples, _LANES)]
        return [seconds * 1000 for seconds in reactions if seconds is not None]

    lanes = await asyncio.gather(*(lane(number) for number in range(min(_LANES, samples))))
    return [reaction for reactions in lanes for reaction in reactions]


async def _reaction(call: Call, silence: Callable[[Call], None], random: Random) -> float | None:
    """Return the seconds until an interrupt in the middle of a segment arrived; None if it did not."""
    reports = len(call.reports)
    await synthesise(call.voice, tone(3.0), _PACE, random)
    await asyncio.sleep(random.uniform(0.4, 1.2))
    commands = len(call.truth.commands())
    silenced_at = call.now
    silence(call)
    arrived_at = None
    while arrived_at is None and call.now < silenced_at + _REACTION_TIMEOUT:
        await asyncio.sleep(_POLL)
        came = call.truth.commands(commands)
        arrived_at = next((command.at for command in came if command.type == "agent.interrupt"), None)
    call.voice.clear_buffer()
    if call.voice.can_pause:
        call.voice.resume()
    await call.settle(reports + 1)
    return None if arrived_at is None else arrived_at - silenced_at


@dataclass(frozen=True, slots=True)
class Storm:
    """The result of many barge-ins one after the other.

    Attributes:
        missing: Reports that are missing or surplus.
        survived: True if the next segment was said to its end and reported once, with its position.
    """

    missing: int
    survived: bool


async def measure_storm(samples: int, sampling: Sampling) -> list[Figure]:
    """Make `samples` barge-ins in each call, one after the other, and then say a segment without an interruption."""
    async with open_stage() as stage:
        storms = await side_by_side(partial(_storms, stage, samples, sampling))
    name = f"{samples} barge-ins in {_STORM_SECONDS * samples / _STORM:.0f} s"
    return [
        total("storm", f"{name}: reports missing or doubled", "", storms.map(lambda s: [float(o.missing) for o in s])),
        mean(
            "storm", f"{name}: next segment as it should be", "%", storms.map(lambda s: [100.0 * o.survived for o in s])
        ),
    ]


async def _storms(stage: Stage, samples: int, sampling: Sampling, plugin: Plugin) -> list[Storm]:
    return await asyncio.gather(
        *(sampling.take_once(partial(_storm, stage, plugin, samples, seed)) for seed in range(STORMS))
    )


async def _storm(stage: Stage, plugin: Plugin, samples: int, seed: int) -> Storm:
    random = Random(seed)  # noqa: S311 - the same in every run
    mean_gap = _STORM_SECONDS / _STORM
    async with stage.call(plugin) as call:
        for _ in range(samples):
            speaking = asyncio.create_task(synthesise(call.voice, tone(2.0), _PACE, random))
            await asyncio.sleep(random.uniform(0.25, 1.75) * mean_gap)
            call.barge_in(flushed=not speaking.cancel())
            await asyncio.gather(speaking, return_exceptions=True)
        reports, heard = len(call.reports), call.truth.heard
        await synthesise(call.voice, tone(_LAST), _PACE, random)
        await call.settle(samples + 1)
        last = call.reports[reports:]
        normal = len(last) == 1 and not last[0].interrupted and abs(last[0].position - _LAST) <= _AGREEMENT
        said = abs(call.truth.heard - heard - _LAST) < _AGREEMENT
        return Storm(missing=abs(len(call.reports) - samples - 1), survived=normal and said)

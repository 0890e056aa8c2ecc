"""`python -m benchmarks.turns`: the set, with the settings of the environment and with the framework's defaults.

To try a setting: `MIN_ENDPOINTING_DELAY=0.8 python -m benchmarks.turns`.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import aiohttp
from livekit.agents import utils
from rich.console import Console
from rich.table import Table

from agent.persona import load_persona
from agent.settings import load_settings
from benchmarks.turns.cases import CASES, Case
from benchmarks.turns.replay import Outcome, replay
from demo.call.voices import StandIns
from demo.processes import answers, free_port, running

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT: Final = Path(__file__).parents[2]
_START: Final = 60.0

# Cases that run at once: more would keep the recogniser of the stand-ins waiting.
_AT_ONCE: Final = 2


def main() -> None:
    """Replay the set, or the cases whose names contain one of the given words."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.turns", description=main.__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="such as: greeting, number, voice")
    words = parser.parse_args().words or [""]
    logging.disable(logging.CRITICAL)
    cases = [case for case in CASES if any(word in case.name for word in words)]
    Console(width=130).print(asyncio.run(_run(cases)))


async def _run(cases: Sequence[Case]) -> Table:
    async with AsyncExitStack() as stack:
        logs = Path(stack.enter_context(TemporaryDirectory(prefix="bench-turns-")))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "simulators", "--port", str(port), "--first-byte", "0.25"]
        child = await stack.enter_async_context(running("stand-ins", command, log=logs / "log", cwd=_ROOT))
        await child.wait_until(lambda: answers(url), _START)
        os.environ["STAND_INS_URL"] = url
        settings = load_settings()
        persona = load_persona(settings.persona)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(utils.http_context.open())
        voice, limit = StandIns(http, url), asyncio.Semaphore(_AT_ONCE)

        async def judged(case: Case, *, official: bool) -> Outcome:
            async with limit:
                return await replay(case, settings, persona, voice, official=official)

        both = [
            await asyncio.gather(*(judged(case, official=official) for case in cases)) for official in (True, False)
        ]
        return _table(cases, *both)


def _table(cases: Sequence[Case], official: Sequence[Outcome], ours: Sequence[Outcome]) -> Table:
    table = Table(title="cut-ins, missed turns, and seconds to the answer, to silence, and until the agent goes on")
    for heading in ("", "framework", "ours"):
        table.add_column(heading)
    for case, before, after in zip(cases, official, ours, strict=True):
        table.add_row(case.name, _cell(before), _cell(after))
    table.add_section()
    table.add_row("all", _sums(official), _sums(ours))
    return table


def _cell(outcome: Outcome) -> str:
    times = (outcome.answered_after, outcome.silent_after, outcome.resumed_after)
    return " ".join([str(outcome.cut_ins), str(outcome.missed), *("-" if at is None else f"{at:.2f}" for at in times)])


def _sums(outcomes: Sequence[Outcome]) -> str:
    times = [
        [at for outcome in outcomes if (at := getattr(outcome, name)) is not None]
        for name in ("answered_after", "silent_after", "resumed_after")
    ]
    medians = ["-" if not values else f"{statistics.median(values):.2f}" for values in times]
    cut_ins, missed = sum(outcome.cut_ins for outcome in outcomes), sum(outcome.missed for outcome in outcomes)
    return " ".join([str(cut_ins), str(missed), *medians])


if __name__ == "__main__":
    main()

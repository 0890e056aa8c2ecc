"""`python -m benchmarks.soak`: hold calls, show the resources held between them, and report whether they grow."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.soak.report import as_json, as_page, as_table
from benchmarks.soak.run import Soak, run

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters of a line in a file or a pipe.
_WIDTH = 120

_STATE = """\
{sample.at:5.0f} s  {sample.calls:4d} calls  {broken} broken  {held.memory:6.1f} MB  {held.blocks:6.1f} k blocks  \
{held.tasks} tasks  {held.descriptors} descriptors  {held.threads} threads"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Hold calls with random faults; exit status 1 if a promise was broken or a resource grew."""
    asked = _parse(arguments)
    # The faults are intended, and need no log.
    logging.disable(logging.CRITICAL)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    soak = Soak(seconds=asked.minutes * 60, seed=asked.seed)
    asyncio.run(_run(soak, console))
    console.print(as_table(soak))
    for broken in soak.broken:
        console.print(broken, style="red", highlight=False)
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(soak), indent=1) + "\n")
    if asked.markdown is not None:
        asked.markdown.write_text(as_page(soak))
    sys.exit(not soak.is_clean)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="minutes to run (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="seed of scripts and faults (default: 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all results to this file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write a page with the table to this file")
    return parser.parse_args(arguments)


async def _run(soak: Soak, console: Console) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("calls", total=soak.seconds)

        def show(soak: Soak) -> None:
            sample = soak.samples[-1]
            state = _STATE.format(sample=sample, held=sample.held, broken=len(soak.broken))
            progress.console.print(state, highlight=False)
            progress.update(bar, completed=min(sample.at, soak.seconds))

        await run(soak, show)


if __name__ == "__main__":
    main()

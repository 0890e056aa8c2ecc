"""`python -m benchmarks`: run all benchmarks, and print a table."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.processes import freeze_imports
from benchmarks.run import Step, run, steps
from benchmarks.sampling import LONGEST_STALL, Sampling
from benchmarks.table import as_json, as_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figure

_INTRODUCTION = """\
livekit-plugins-liveavatar {version} (official) and the package `avatar` (ours), in one process, on the LiveAvatar \
stand-in of this repository over loopback. The heard speech is read from the stand-in, which starts to speak 0.2 s \
after the first audio and reports 25 times a second. Both get the same speech at the same moments. Join to first word \
is measured in whole calls, with a worker of each, on a LiveKit server. This takes about {minutes}."""


_CONCLUSION = """\
{seconds:.0f} s. {samples.repeated} samples were taken again because the machine held up the event loop for more than \
{stall} s; {samples.disturbed} were disturbed but still count."""

# Characters of a line in a file or a pipe.
_WIDTH = 120


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks."""
    asked = _parse(arguments)
    freeze_imports()
    # The plugins' complaints are counted here, and need no log.
    logging.disable(logging.CRITICAL)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    minutes = "three minutes" if asked.quick else "twenty minutes"
    console.print(_INTRODUCTION.format(version=version("livekit-plugins-liveavatar"), minutes=minutes), highlight=False)
    began_at = time.monotonic()
    figures, samples = asyncio.run(_run(steps(quick=asked.quick), console))
    console.print(as_table(figures))
    seconds = time.monotonic() - began_at
    console.print(_CONCLUSION.format(seconds=seconds, stall=LONGEST_STALL, samples=samples))
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(figures), indent=1) + "\n")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    return parser.parse_args(arguments)


async def _run(todo: list[Step], console: Console) -> tuple[list[Figure], Sampling]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bars = {id(step): progress.add_task(step.title, total=step.total, start=False) for step in todo}

        def advance(step: Step) -> None:
            progress.start_task(bars[id(step)])
            progress.advance(bars[id(step)])

        return await run(todo, advance)


if __name__ == "__main__":
    main()

"""`python -m benchmarks.load`: more and more calls at a time, and how many a worker can carry."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from benchmarks.load.measure import measure
from benchmarks.load.report import as_markdown, sizing_table
from docs.marked import filled


def main() -> None:
    """Make calls with our workers and with the official plugin's, and print their cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=main.__doc__)
    parser.add_argument("--steps", default="1,2,4,6,8,12,16", help="calls at a time, the smallest first")
    parser.add_argument("--minutes", type=float, default=7.0, help="minutes after which no further step begins")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the tables to this file, in place of the last ones"
    )
    parser.add_argument("--workers", type=int, default=2, help="number of workers of each plugin")
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    wanted = [int(step) for step in asked.steps.split(",")]
    steps = asyncio.run(measure(wanted, asked.workers, asked.minutes, console.print))
    console.print(as_markdown(steps), sizing_table(steps), sep="\n\n")
    if asked.markdown is not None:
        tables = {"load": lambda: as_markdown(steps), "sizing": lambda: sizing_table(steps)}
        asked.markdown.write_text(filled(asked.markdown.read_text(), tables))


if __name__ == "__main__":
    main()

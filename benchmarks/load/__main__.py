"""`python -m benchmarks.load`: more and more calls at a time, and what a worker is for."""

from __future__ import annotations

import argparse
import asyncio

from rich.console import Console

from benchmarks.figures import Plugin
from benchmarks.load.measure import measure
from benchmarks.load.report import as_markdown, sizing


def main() -> None:
    """Make calls with our workers and with the official plugin's, and print what they take."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=main.__doc__)
    parser.add_argument("--steps", default="1,2,4,8,12", help="calls at a time, the smallest first")
    parser.add_argument("--workers", type=int, default=2, help="of each plugin")
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    steps = asyncio.run(measure([int(step) for step in asked.steps.split(",")], asked.workers, console.print))
    console.print(as_markdown(steps))
    for plugin in (Plugin.OURS, Plugin.OFFICIAL):
        console.print(plugin.value, sizing(steps, plugin))


if __name__ == "__main__":
    main()

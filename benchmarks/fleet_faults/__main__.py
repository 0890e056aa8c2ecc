"""`python -m benchmarks.fleet_faults`: two workers and a Redis under six calls, and the effect of each fault."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.fleet_faults.faults import FAULTS
from benchmarks.fleet_faults.measure import Result, measure
from docs.marked import table

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = (
    "fault",
    "calls",
    "without an agent",
    "another agent after",
    "its first word after",
    "lost",
    "sessions left",
    "stopped wrongly",
    "double sessions",
)


def as_row(result: Result) -> tuple[str, ...]:
    """Return a row of the table."""
    counts = (result.lost, result.left, result.wrongly_stopped, result.doubled)
    return (
        result.fault,
        str(result.calls),
        str(result.struck),
        _range(result.agents_after),
        _range(result.words_after),
        *map(str, counts),
    )


def _range(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.1f} to {max(seconds):.1f} s" if seconds else ""


def main() -> None:
    """Let faults strike a fleet, and print the effects, as the stand-in for LiveAvatar has noted them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet_faults", description=main.__doc__)
    parser.add_argument("--only", choices=FAULTS, action="append", help="run only this fault; default: all")
    parser.add_argument("--calls", type=int, default=6, help="calls at a time")
    parser.add_argument("--logs", type=Path, metavar="DIRECTORY", help="keep all logs in this directory")
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    results: list[Result] = []

    def on_result(result: Result) -> None:
        console.print(result)
        results.append(result)

    left = asyncio.run(measure(asked.only or list(FAULTS), asked.calls, on_result, asked.logs))
    console.print(table(HEAD, map(as_row, results)))
    console.print(f"Sessions left after all callers had left: {left}")


if __name__ == "__main__":
    main()

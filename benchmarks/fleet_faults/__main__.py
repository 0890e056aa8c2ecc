"""`python -m benchmarks.fleet_faults`: two workers under six calls, and what each fault does to them."""

from __future__ import annotations

import argparse
import asyncio

from rich.console import Console

from benchmarks.fleet_faults.faults import FAULTS
from benchmarks.fleet_faults.measure import Options, measure
from docs.marked import table

HEAD = ("fault", "calls", "lost", "last answer after the fault's end", "sessions left", "double sessions")


def main() -> None:
    """Let faults strike a fleet; calls lost, sessions left and double sessions are read from the stand-in's books."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet_faults", description=main.__doc__)
    parser.add_argument("--only", choices=FAULTS, action="append", help="this fault; all without it")
    parser.add_argument("--calls", type=int, default=6, help="at a time")
    parser.add_argument("--away", type=float, default=180.0, help="seconds that LiveKit's dispatch is cut")
    parser.add_argument("--frozen", type=float, default=40.0, help="seconds that a worker is frozen")
    parser.add_argument("--state-url", help="STATE_URL of the workers; without it they share a directory")
    asked = parser.parse_args()
    settings = {"STATE_URL": asked.state_url} if asked.state_url else {}
    options = Options(asked.calls, asked.away, asked.frozen, settings)
    console = Console(soft_wrap=True)
    results = asyncio.run(measure(asked.only or list(FAULTS), options, console.print))
    rows = (
        (each.fault, str(each.calls), str(each.lost), f"{each.slowest:.1f} s", str(each.left), str(each.doubled))
        for each in results
    )
    console.print(table(HEAD, rows))


if __name__ == "__main__":
    main()

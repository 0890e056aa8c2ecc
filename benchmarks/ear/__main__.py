"""`python -m benchmarks.ear`: run the benchmark, and print a table."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from benchmarks.ear.measure import measure
from benchmarks.table import as_json, as_table


def main() -> None:
    """Make calls with the official plugin's documented worker and with ours, in turn, and compare them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ear", description=main.__doc__)
    parser.add_argument("--calls", type=int, default=4, help="calls with each worker; each takes about 50 s")
    parser.add_argument("--quality", default="high", help="quality of the avatar's picture")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    asked = parser.parse_args()
    console = Console()
    figures = asyncio.run(measure(asked.calls, asked.quality, lambda: console.print("a call has been made")))
    console.print(as_table(figures))
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(figures), indent=1) + "\n")


if __name__ == "__main__":
    main()

"""A run as a table for people, as a page, and as JSON."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks.soak.bounds import WARM_UP

if TYPE_CHECKING:
    from benchmarks.soak.run import Soak
    from benchmarks.soak.trend import Trend

HEADINGS = ("", "first third", "last third", "difference", "at most", "an hour")

_PAGE = """\
# The soak

Written by `make soak`: calls with random faults of the avatar's service, two at a time, on a real LiveKit server. The
agent's side is one process, watched between the calls; the LiveKit server and the stand-in of the service are others.

| | |
| --- | --- |
| cores | {cores} |
| minutes | {minutes:.0f} |
| calls | {calls} |
| faults | {faults} |
| sessions of the service | {sessions} |
| promises broken | {broken} |

A call joins, says three segments, is paused in one and cut off in another, and leaves. It promises that each segment
is reported exactly once, at a position within it, at its end if it was not interrupted, and that no session is left
that is paid for.

What the process holds, medians, the first {warm_up:.0%} of the run left out:

{table}

{bounds}
"""


def as_table(soak: Soak) -> Table:
    """Return a table with a row for each measure."""
    table = Table(title=f"{soak.calls} calls, {soak.faults} faults, {len(soak.broken)} promises broken")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading else "left")
    for trend in soak.trends:
        table.add_row(*cells(trend), style="red" if trend.is_broken else None)
    return table


def as_page(soak: Soak) -> str:
    """Return a page of Markdown."""
    rows = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *(cells(trend) for trend in soak.trends)]
    return _PAGE.format(
        cores=os.cpu_count(),
        minutes=soak.seconds / 60,
        calls=soak.calls,
        faults=soak.faults,
        sessions=soak.sessions,
        broken=len(soak.broken),
        warm_up=WARM_UP,
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
        bounds="\n".join(f"- {trend.bound.measure}: {trend.bound.why}." for trend in soak.trends),
    )


def as_json(soak: Soak) -> dict[str, Any]:
    """Return all results, including the samples."""
    return {**asdict(soak), "trends": [asdict(trend) for trend in soak.trends], "is_clean": soak.is_clean}


def cells(trend: Trend) -> tuple[str, ...]:
    """Return a row of the table."""
    numbers = (f"{trend.first:.1f}", f"{trend.last:.1f}", f"{trend.growth:+.1f}", f"{trend.most:.1f}")
    name = f"{trend.bound.measure}, {trend.bound.unit}" if trend.bound.unit else trend.bound.measure
    return (name, *numbers, f"{trend.slope:+.1f}")

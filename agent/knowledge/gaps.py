"""Lists what is missing in an index of knowledge, for the report of a call."""

import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from agent.knowledge.index import open_index
from agent.knowledge.sources import Knowledge, is_link

_SECONDS_PER_HOUR = 3_600.0

# Seconds by which a link may be older than `refresh_hours`: the worker looks every ten minutes.
_GRACE = 1_200.0


def gaps(index: Path, knowledge: Knowledge, now: float) -> list[str]:
    """List the links that could not be fetched or refreshed; a missing index is one gap.

    Args:
        index: The index file.
        knowledge: What should be in it.
        now: Unix time.
    """
    read_at: dict[str, float] = {}
    with suppress(sqlite3.Error), closing(open_index(index)) as database:
        read_at.update(database.execute("select location, read_at from documents"))
    if not read_at:
        return ["the knowledge has no document that could be read"]
    oldest = now - knowledge.refresh_hours * _SECONDS_PER_HOUR - _GRACE
    links = [(_shown(link), read_at.get(link)) for link in knowledge.sources if is_link(link)]
    return [
        *(f"a link of the knowledge could not be read: {link}" for link, at in links if at is None),
        *(f"a link of the knowledge is as it was on {_day(at)}: {link}" for link, at in links if at and at < oldest),
    ]


def _shown(link: str) -> str:
    """Leave out the query, which may hold a key."""
    return link.partition("?")[0]


def _day(unix_time: float) -> str:
    return f"{datetime.fromtimestamp(unix_time, UTC):%Y-%m-%d}"

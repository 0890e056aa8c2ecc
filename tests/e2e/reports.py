"""The reports that calls leave in a folder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.reports.report import CallReport

if TYPE_CHECKING:
    from pathlib import Path


async def are_kept(folder: Path, count: int = 1) -> bool:
    """Return whether the reports of `count` calls are there; the subtitles are written last."""
    return len(await asyncio.to_thread(lambda: [*folder.rglob("*.vtt")])) >= count


def read(folder: Path, room: str = "") -> tuple[Path, CallReport, str]:
    """Read the report of the one call of a room, and its subtitles."""
    (path,) = (each for each in folder.rglob("*.json") if room in each.name)
    report = CallReport.model_validate_json(path.read_text("utf-8"))
    return path, report, path.with_suffix(".vtt").read_text("utf-8")

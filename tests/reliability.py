"""The results of the tests of faults, for docs/reliability.md."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.faults.hall import Hall


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        fault: what goes wrong.
        heard: what the caller heard, as measured.
        action: our reaction.
        sessions: started sessions of the service; None if they do not matter.
    """

    fault: str
    heard: str
    action: str
    sessions: int | None = None


def measured(hall: Hall) -> str:
    """Return the description of the sound in a hall."""
    speakers = ", then ".join(_spoken_of(speaker) for speaker in hall.speakers)
    silences = (
        f"{hall.first_silence:.1f} s before its first sound, {max(hall.longest_silence, 0.0):.1f} s at most within"
    )
    return f"all of it, from {speakers}; {silences}"


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write the rows where `python -m docs.reliability` finds them."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _spoken_of(speaker: str) -> str:
    if speaker == "agent":
        return "the fallback track"
    return "a new avatar" if speaker[-1:].isdigit() else "the avatar"
